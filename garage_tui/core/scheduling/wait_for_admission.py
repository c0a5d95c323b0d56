"""A run's turn: its hours and the sun first, then its place in the queue. It waits here, in its supervisor."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from garage_tui.core.base.errors import GarageError
from garage_tui.core.limits.run_limits import Hold, RunLimits
from garage_tui.core.runs.request import requested_action, skips_start_conditions
from garage_tui.core.runs.state_writer import append_event, current_state, update_state
from garage_tui.core.scheduling import queue
from garage_tui.core.scheduling.admission import GpuAdmission

if TYPE_CHECKING:
    from garage_tui.core.limits.start_conditions import StartConditions

POLL_SECONDS = 0.5
WAKE_SIGNALS = {signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP}
END_SIGNALS = (signal.SIGTERM, signal.SIGINT)
"""Signals that a supervisor blocks and waits for; of them those that end it."""


class Admission(NamedTuple):
    """What a run holds while it works: file descriptors of locks."""

    slots: dict[str, int]
    claims: list[int]
    """They keep servers away from its card."""

    @property
    def locks(self) -> list[int]:
        return [*self.slots.values(), *self.claims]

    def close(self) -> None:
        for lock in self.locks:
            os.close(lock)


def wait_for_admission(folder: Path, care: RunLimits, needs: float | None = None) -> Admission | None:
    """Return what a run holds once it is its turn; None if it is taken out of the queue before.

    What it has to wait for besides, its hours or the sun, comes first: meanwhile others may pass it. Room on its slots
    comes last: a server on the same card leaves only for a run that would start at once.

    Args:
        needs: the most bytes that it will take, as was estimated.
    """
    conditions, held = _conditions(folder, care), False
    slots: dict[str, int] | None = None
    room: GpuAdmission | None = None
    try:
        while True:
            before = held
            hold = conditions.hold() if conditions is not None and not skips_start_conditions(folder) else None
            held = hold is not None
            # At the hour at which several may start, each is given a moment to say so: then the queue's order counts.
            if slots is None and not (held or before) and (slots := queue.take_slots(folder)) is not None:
                room = GpuAdmission(folder.name, tuple(slots), needs, care.card)
            if room is not None and slots is not None:
                hold = None if skips_start_conditions(folder) else room.hold()
                if hold is None:
                    turn, slots, room = Admission(slots, room.claims), None, None
                    return turn
            if conditions is not None or room is not None:
                _note(folder, hold)
            info = signal.sigtimedwait(WAKE_SIGNALS, POLL_SECONDS)
            want = requested_action(folder)
            if want == "stop":
                step = current_state(folder).step
                kept = f" at step {step}; `garage resume` goes on from its checkpoint" if step else ""
                why = f"taken out of the queue before its turn came{kept}"
                update_state(folder, state="stopped", reason=why, waits="", ended=time.time())
            elif want in ("pause", "release"):
                why = "by you, while it waited for its turn"
                update_state(folder, state="paused", reason=why, waits="", ended=time.time())
            elif info is not None and info.si_signo in END_SIGNALS:
                return None  # the next look says that it was interrupted while it waited, and its place is kept
            else:
                continue
            with contextlib.suppress(GarageError):
                queue.leave(folder)
            return None
    finally:
        if conditions is not None:
            conditions.close()
        if room is not None:
            room.close()
        for lock in (slots or {}).values():
            os.close(lock)


def _conditions(folder: Path, care: RunLimits) -> StartConditions | None:
    if not care.conditional:
        return None
    from garage_tui.core.limits.start_conditions import StartConditions  # a supervisor without it stays small

    return StartConditions.of_run(folder, care)


def _note(folder: Path, hold: Hold | None) -> None:
    """Write down what the run waits for, where that is new."""
    waits, reason = (hold.waits, hold.reason) if hold else ("", "")
    state = current_state(folder)
    if (state.waits, state.reason) != (waits, reason):
        if state.waits != waits:
            append_event(folder, "waits" if waits else "waited", waits=waits or state.waits, reason=reason)
        update_state(folder, waits=waits, reason=reason)
