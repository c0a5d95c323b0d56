"""`garage school`: teaches what is new, and promotes it if nothing is lost."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from garage_tui.core.school.night_log import Night, NightEvent
    from garage_tui.core.settings.settings import Settings, Workspace

_WAIT_SECONDS = 30.0


def add(commands: argparse._SubParsersAction[Any]) -> None:
    parser = commands.add_parser(
        "school",
        help="teach what is new in the facts file, and put it in service if nothing is lost",
        description="Teach all facts in one run, if the facts file says something that the model in service was not "
        "taught. Examine the run, and ask it and the model in service the same questions. If no fact is lost and "
        "other answers are as before, put the run in service; otherwise change nothing and say why. If a night was "
        "cut off, the next one finishes it.",
    )
    parser.add_argument("--file", metavar="FILE", help="the facts file (default: `facts` in [school])")
    parser.add_argument("--again", action="store_true", help="teach even if nothing is new")
    parser.add_argument("--status", action="store_true", help="show the last nights, and start nothing")
    parser.add_argument(
        "--tonight", action="store_true", help="wait in this terminal until the hour of `at` in [school], then teach"
    )
    parser.add_argument(
        "--install", action="store_true", help="have systemd start it each night (shows the timer and asks first)"
    )
    parser.add_argument("--uninstall", action="store_true", help="remove that timer")
    parser.add_argument("--yes", action="store_true", help="with --install: do not ask")
    parser.add_argument("--json", action="store_true", help="one JSON document")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    import sys

    from garage_tui.core.settings.settings import Workspace, load_settings

    workspace = Workspace.find(args.workspace)
    settings = load_settings(workspace)
    if args.status:
        return _show_nights(workspace, args.json)
    if args.install or args.uninstall:
        return _change_timer(workspace, settings.school.at, args)
    from garage_tui.core.school.night import School
    from garage_tui.core.school.remember import facts_file

    def say(text: str) -> None:
        print(text, file=sys.stderr, flush=True)

    school = School(workspace, settings, facts_file(workspace, settings, args.file), say)
    if args.tonight:
        _wait_until(settings.school.at, say)
    end = school.teach(again=args.again)
    if settings.school.notify and end.outcome != "nothing new":
        _notify(settings, end, say)
    if args.json:
        import json

        import msgspec

        print(json.dumps(msgspec.to_builtins(end), indent=2))
    else:
        _show(end)
    if settings.school.suspend:
        _suspend(workspace, settings.school.at, say)
    return 0 if end.outcome in ("promoted", "nothing new") else 1


def _change_timer(workspace: Workspace, at: str, args: argparse.Namespace) -> int:
    from garage_tui.core.school.timer import install, make_timer, uninstall

    timer = make_timer(workspace, at)
    if args.uninstall:
        print(f"{timer.name}.timer is removed" if uninstall(timer) else "there is no timer for this workspace")
        return 0
    for path, text in timer.files.items():
        print(f"{path}\n\n{text}")
    if not args.yes:
        import sys

        if not sys.stdin.isatty():
            print("nothing was written: repeat it with --yes")
            return 2
        if input("Write these two files and start the timer? [y/N] ").strip().lower() not in ("y", "yes"):
            print("nothing was written")
            return 0
    install(timer)
    print(f"garage school runs at {at} each night; `systemctl --user list-timers` shows it")
    return 0


def _wait_until(at: str, say: Callable[[str], None]) -> None:
    """Wait until a time of day; a box that slept meanwhile begins when it wakes up."""
    import time
    from datetime import datetime

    from garage_tui.core.base.format import rough_time
    from garage_tui.core.school.suspend import next_time

    now = datetime.now()
    begin = next_time(at, now)
    say(f"waiting until {at} ({rough_time((begin - now).total_seconds())}); Ctrl-C ends the wait")
    while datetime.now() < begin:
        time.sleep(min(_WAIT_SECONDS, max(0.0, (begin - datetime.now()).total_seconds())))


def _suspend(workspace: Workspace, at: str, say: Callable[[str], None]) -> None:
    """Let the box sleep until the next night, or say why it stays awake."""
    import sys
    import time
    from datetime import datetime

    from garage_tui.core.base.errors import GarageError
    from garage_tui.core.school.suspend import next_time, suspend, why_not_suspend

    sys.stdout.flush()
    if reason := why_not_suspend(workspace, time.time()):
        say(f"the box stays awake: {reason}")
        return
    wake_at = next_time(at, datetime.now())
    say(f"the box sleeps until {wake_at:%H:%M}")
    try:
        suspend(wake_at)
    except GarageError as error:
        say(f"the box stays awake: {error}")


def _notify(settings: Settings, end: NightEvent, say: Callable[[str], None]) -> None:
    """Send the morning line through the channels of the settings; one that fails is said and stops nothing."""
    from garage_tui.core.base.sanitize import one_line
    from garage_tui.core.scheduling.notify import deliver

    text = one_line(f"garage: {end.text}", 400)
    for delivery in deliver(settings.notify, text, {"run": end.run, "state": end.outcome or "", "reason": end.text}):
        if not delivery.ok:
            say(f"notification: {delivery.way}: {delivery.text}")


def _show(end: NightEvent) -> None:
    from garage_tui.core.base.sanitize import one_line

    print(one_line(end.text, 2000))
    for name in end.learned:
        print(f"  learned   {one_line(name, 200)}")
    for name, why in end.failed.items():
        print(f"  not yet   {one_line(name, 200)}: {one_line(why, 300)}")


def _show_nights(workspace: Workspace, as_json: bool) -> int:
    import json

    import msgspec

    from garage_tui.core.base.sanitize import one_line
    from garage_tui.core.school.night_log import is_at_work, read_nights

    nights = read_nights(workspace)
    if as_json:
        ends = [msgspec.to_builtins(event) for night in nights for event in night.events]
        print(json.dumps({"at_work": is_at_work(workspace), "events": ends}, indent=2))
        return 0
    if is_at_work(workspace):
        print("a night is under way")
    if not nights:
        print("no night yet: `garage school` does one")
    for night in reversed(nights[-14:]):
        print(_line(night, one_line))
    return 0


def _line(night: Night, clean: Any) -> str:
    end = night.end
    outcome = end.outcome if end else "cut off"
    text = clean(end.text, 400) if end else "the next `garage school` finishes it"
    return f"{night.id:<18} {outcome:<12} {text}"
