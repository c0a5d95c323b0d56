"""Checks of a place: what works there, what is missing, and what mends it."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

import msgspec

from garage_tui import __version__
from garage_tui.core.base.errors import BadInputError, GarageError
from garage_tui.core.base.format import plural
from garage_tui.core.base.sanitize import one_line
from garage_tui.core.hardware.finding import Finding
from garage_tui.core.places.follow import make_scheduler
from garage_tui.core.places.place import Place, PlaceUnreachableError, find_place
from garage_tui.core.places.shell import PlaceShell
from garage_tui.core.settings.settings import Settings, user_settings_file

_ASK = """
import json, sys
import garage_tui
found = {"version": garage_tui.__version__, "base": None, "gpus": []}
if found["version"] == sys.argv[2]:
    from garage_tui.core.base.errors import GarageError
    from garage_tui.core.hardware.gpus import usable
    from garage_tui.core.models.base_models import find
    try:
        found["base"] = find(sys.argv[1]).here
    except GarageError:
        pass
    found["gpus"] = [one.name for one in usable()]
print(json.dumps(found))
"""


class _ThereFound(msgspec.Struct):
    """What the Python there says."""

    version: str
    base: bool | None = None
    """True if the base model is there; None where that is not known."""
    gpus: list[str] = []


def check_place(settings: Settings, name: str) -> list[Finding]:
    """Return all findings about one place; the first bad one that hides all others is the last."""
    try:
        place = find_place(settings, name)
    except BadInputError as error:
        return [Finding("bad", str(error), f"edit {user_settings_file()}")]
    shell = PlaceShell(place)
    found: list[Finding] = []
    try:
        found += _check_shell(place, shell)
        if not any(one.level == "bad" for one in found):
            found += _check_scheduler(place, shell)
            if place.settings.kind != "ray" or place.settings.ssh:
                found += _check_python(place, shell, settings.base_model)
    except PlaceUnreachableError as error:
        found.append(_unreachable(place, str(error)))
    except GarageError as error:
        found.append(Finding("bad", f"{name}: {error}"))
    finally:
        shell.close()
    return found


def _unreachable(place: Place, reason: str) -> Finding:
    if place.settings.kind == "ray" and not place.settings.ssh:
        return Finding("bad", f"{place.name} does not answer: {reason}", f"curl {shlex.quote(place.settings.address)}")
    mend = f"ssh -o BatchMode=yes {shlex.quote(place.settings.ssh)} true" if place.settings.ssh else "sinfo"
    return Finding("bad", f"{place.name} does not answer: {reason}", f"{mend}  (shows the reason)")


def _check_shell(place: Place, shell: PlaceShell) -> Iterator[Finding]:
    """Check that the place is reachable, and that files can be brought there."""
    if place.settings.ssh:
        shell.run(["true"])
        yield Finding("good", f"{place.name}: ssh {place.settings.ssh} answers")
    if place.shared:
        return
    folder = place.settings.folder.removeprefix("~/")
    made = shell.run([f"mkdir -p -- {shlex.quote(folder)} && test -w {shlex.quote(folder)}"], in_shell=True)
    if made.code:
        text = f"{place.name}: {place.settings.folder} cannot be written there: {made.problem or 'no permission'}"
        yield Finding("bad", text, f"choose another `folder` in [places.{place.name}]")
    for where, code in (("there", shell.run(["rsync", "--version"]).code), ("on this box", _rsync_here(shell))):
        if code:
            yield Finding("bad", f"{place.name}: rsync is not installed {where}", "apt install rsync")


def _rsync_here(shell: PlaceShell) -> int:
    try:
        return shell.local(["rsync", "--version"]).code
    except GarageError:
        return 127


def _check_scheduler(place: Place, shell: PlaceShell) -> Iterator[Finding]:
    yield Finding("good", f"{place.name}: {make_scheduler(place, shell).describe()}")


def _check_python(place: Place, shell: PlaceShell, base: str) -> Iterator[Finding]:
    """Check the version there, and whether it has the base model and CUDA."""
    result = shell.run([place.python, "-P", "-c", _ASK, base, __version__])
    try:
        there = msgspec.json.decode(result.out, type=_ThereFound)
    except (msgspec.DecodeError, UnicodeError):
        text = f"{place.name}: garage_tui cannot be imported by {place.python} there: {result.problem}"
        yield Finding("bad", text, f"install it there, or set `python` in [places.{place.name}]")
        return
    if there.version != __version__:
        version = one_line(there.version, 40)
        text = f"{place.name} has garage_tui {version}, and this box has {__version__}"
        yield Finding("bad", text, "install the same version there")
        return
    yield Finding("good", f"{place.name}: the same garage_tui, {__version__}")
    if there.base is False:
        fetch = f"{place.python} -m garage_tui models fetch {shlex.quote(base)}"
        through = f"ssh {shlex.quote(place.settings.ssh)} {fetch}" if place.settings.ssh else fetch
        yield Finding("note", f"{place.name}: {base} is not there yet; the first run fetches it", through)
    if there.gpus:
        names = ", ".join(one_line(name, 60) for name in dict.fromkeys(there.gpus))
        yield Finding("good", f"{place.name}: {plural(len(there.gpus), 'GPU')} on that host ({names})")
    elif place.settings.kind == "slurm" and not _asks_for_gpus(place):
        text = f"{place.name}: no GPU on that host, and `args` ask for none: runs work on processors there"
        yield Finding("note", text, 'if its nodes have GPUs: args = ["--gres=gpu:1"]')


def _asks_for_gpus(place: Place) -> bool:
    return any(word.startswith(("--gres=gpu", "--gpus", "-G")) for word in place.settings.args)
