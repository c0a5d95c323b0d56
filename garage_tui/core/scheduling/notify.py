"""Notifications that a run has ended: in tmux, by a command, and by the services in the settings.

    python -m garage_tui.core.scheduling.notify /absolute/run/folder

The supervisor starts it when a run has ended, and does not wait for it. A notification that fails is a line in the
run's log and does not stop the others.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from garage_tui.core.base.child_environment import owners_environment
from garage_tui.core.base.errors import GarageError, reason_of
from garage_tui.core.base.format import duration, plural
from garage_tui.core.base.sanitize import one_line
from garage_tui.core.runs.record import Run, read_run
from garage_tui.core.settings.settings import NotifySettings, Workspace, load_settings

_SECONDS = 30.0
"""Seconds that a command may take."""


@dataclass(frozen=True)
class Delivery:
    """The result of one notification; `way` names the channel without its secrets."""

    way: str
    ok: bool
    text: str


def message_of(run: Run) -> str:
    """Return one line about the state of a run."""
    parts = []
    if run.reason:
        parts.append(run.reason)
    if run.state and run.state.total_steps:
        parts.append(f"{run.state.step}/{run.state.total_steps} steps")
    if run.state and run.state.loss is not None:
        parts.append(f"loss {run.state.loss:.3f}")
    if run.seconds:
        parts.append(duration(run.seconds))
    return one_line(f"garage: {run.id} {run.status}{': ' if parts else ''}{', '.join(parts)}", 400)


def deliver(settings: NotifySettings, text: str, details: dict[str, str]) -> Iterator[Delivery]:
    """Send `text` through every channel in the settings.

    Args:
        details: what a command gets in its environment as GARAGE_RUN, GARAGE_STATE …, and as JSON on stdin.
    """
    if settings.tmux and os.environ.get("TMUX"):
        yield _tmux(text, settings.bell)
    if settings.command:
        yield _command(settings.command, text, details)
    if settings.urls:
        yield from _services(settings.urls, text)


def _tmux(text: str, bell: bool) -> Delivery:
    """Show `text` on every client of the tmux server in which the run was started."""
    try:
        clients = _run(["tmux", "list-clients", "-F", "#{client_name}"]).stdout.split("\n")
        shown = 0
        for client in filter(None, clients):
            # tmux expands #{…} and runs #(…) in what it shows; a doubled # is a plain one.
            escaped = text.replace("#", "##")
            shown += _run(["tmux", "display-message", "-c", client, "-d", "10000", "--", escaped]).returncode == 0
        pane = os.environ.get("TMUX_PANE", "")
        if bell and pane:
            tty = _run(["tmux", "display-message", "-p", "-t", pane, "#{pane_tty}"]).stdout.strip()
            if tty.startswith("/dev/"):
                with contextlib.suppress(OSError), Path(tty).open("wb", buffering=0) as terminal:
                    terminal.write(b"\a")
    except (OSError, subprocess.TimeoutExpired) as error:
        return Delivery("tmux", False, reason_of(error))
    return Delivery("tmux", True, f"shown on {plural(shown, 'client')}")


def _command(command: tuple[str, ...], text: str, details: dict[str, str]) -> Delivery:
    names = {f"GARAGE_{name.upper()}": value for name, value in details.items()}
    given = json.dumps({**details, "message": text}, ensure_ascii=False)
    way = f"command {Path(command[0]).name}"
    try:
        # In "/": a workspace may be somebody else's, and no program in it should be run by mistake.
        environment = {**owners_environment(), **names, "GARAGE_MESSAGE": text}
        done = _run(list(command), input=given, env=environment, cwd="/")
    except FileNotFoundError:
        return Delivery(way, False, f"{command[0]} was not found")
    except subprocess.TimeoutExpired:
        return Delivery(way, False, f"took longer than {_SECONDS:g} s and was killed")
    except OSError as error:
        return Delivery(way, False, reason_of(error))
    output = one_line(done.stderr, 200)
    return Delivery(way, done.returncode == 0, f"exit code {done.returncode}{': ' if output else ''}{output}")


def _services(urls: tuple[str, ...], text: str) -> Iterator[Delivery]:
    try:
        import apprise
    except ImportError:
        yield Delivery("urls", False, "the package apprise is missing; install garage_tui again")
        return
    for url in urls:
        way = _without_secrets(url)
        sender = apprise.Apprise()
        if not sender.add(url):
            yield Delivery(
                way, False, "apprise does not support this kind of address (https://github.com/caronc/apprise)"
            )
            continue
        ok = bool(sender.notify(body=text, title="garage"))
        yield Delivery(way, ok, "delivered" if ok else "not delivered: the service does not answer, or rejects it")


def _without_secrets(url: str) -> str:
    """Return scheme and host of an address, so that topics, tokens and passwords stay out of the logs."""
    try:
        parts = urlsplit(url)
        # For most services even the "host" is a token or a topic; for a webhook it is a host.
        host = parts.hostname if parts.scheme in ("json", "jsons", "xml", "xmls", "form", "forms") else "…"
        return f"{parts.scheme}://{host}"
    except ValueError:
        return "an invalid address"


def _run(command: list[str], **more: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS, **more)  # type: ignore[call-overload,no-any-return]


def run_details(run: Run) -> dict[str, str]:
    """Return the details of a run that a command gets."""
    return {"run": run.id, "state": run.status, "reason": run.reason, "path": str(run.path)}


def main() -> None:
    folder = Path(sys.argv[1])
    run = read_run(folder)
    try:
        settings = load_settings(Workspace(folder.parent.parent)).notify
    except GarageError as error:
        sys.stdout.write(f"no notification was sent: {error}\n")
        return
    if run.status not in settings.on:
        return
    for delivery in deliver(settings, message_of(run), run_details(run)):
        if not delivery.ok:
            sys.stdout.write(f"notification failed, {delivery.way}: {delivery.text}\n")


if __name__ == "__main__":
    main()
