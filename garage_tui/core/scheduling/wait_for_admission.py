"""The wait of a run in its supervisor: for its hours and the sun, for its slots, and for free memory."""

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
"""Those of the signals that a supervisor waits for which end it."""


class Admission(NamedTuple):
    """The file descriptors of the locks that a run holds while it works."""

    slots: dict[str, int]
    claims: list[int]
    """They keep servers away from its GPU."""

    @property
    def locks(self) -> list[int]:
        return [*self.slots.values(), *self.claims]

    def close(self) -> None:
        for lock in self.locks:
            os.close(lock)


def wait_for_admission(entry: queue.QueueEntry, limits: RunLimits, needs: float | None = None) -> Admission | None:
    """Return the locks of a run once it may start; None if it is taken out of the queue before.

    It waits for its hours or the sun first; meanwhile others may overtake it. Free memory on its slots comes last: a
    server on the same GPU leaves only for a run that can start at once.

    Args:
        entry: its entry in the queue.
        needs: the estimated peak memory in bytes.
    """
    folder = Path(entry.folder)
    conditions, held = _conditions(folder, limits), False
    slots: dict[str, int] | None = None
    memory: GpuAdmission | None = None
    try:
        while True:
            before = held
            hold = conditions.hold() if conditions is not None and not skips_start_conditions(folder) else None
            held = hold is not None
            # When an hour begins in which several may start, each gets a moment to enter, so that the queue's order
            # counts.
            if slots is None and not (held or before) and (slots := queue.take_slots(entry)) is not None:
                memory = GpuAdmission(folder.name, tuple(slots), needs, limits.card)
            if memory is not None and slots is not None:
                hold = None if skips_start_conditions(folder) else memory.hold()
                if hold is None:
                    admission, slots, memory = Admission(slots, memory.claims), None, None
                    return admission
            if conditions is not None or memory is not None:
                _note(folder, hold)
            info = signal.sigtimedwait(WAKE_SIGNALS, POLL_SECONDS)
            want = requested_action(folder)
            if want == "stop":
                step = current_state(folder).step
                kept = f" at step {step}; `garage resume {folder.name}` continues from its checkpoint" if step else ""
                why = f"taken out of the queue before it was started{kept}"
                update_state(folder, state="stopped", reason=why, waits="", ended=time.time())
            elif want in ("pause", "release"):
                why = "by you, while it waited in the queue"
                update_state(folder, state="paused", reason=why, waits="", ended=time.time())
            elif info is not None and info.si_signo in END_SIGNALS:
                return None  # it is then interrupted while queued, and its position is kept
            else:
                continue
            with contextlib.suppress(GarageError):
                queue.leave(folder)
            return None
    finally:
        if conditions is not None:
            conditions.close()
        if memory is not None:
            memory.close()
        for lock in (slots or {}).values():
            os.close(lock)


def _conditions(folder: Path, limits: RunLimits) -> StartConditions | None:
    if not limits.conditional:
        return None
    from garage_tui.core.limits.start_conditions import StartConditions  # a supervisor without conditions stays small

    return StartConditions.of_run(folder, limits)


def _note(folder: Path, hold: Hold | None) -> None:
    """Write what the run waits for, if that has changed."""
    waiting_for, reason = (hold.waiting_for, hold.reason) if hold else ("", "")
    state = current_state(folder)
    if (state.waits, state.reason) != (waiting_for, reason):
        if state.waits != waiting_for:
            append_event(folder, "waits" if waiting_for else "waited", waits=waiting_for or state.waits, reason=reason)
        update_state(folder, waits=waiting_for, reason=reason)
