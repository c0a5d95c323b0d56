"""What a text of the program offers is there: a command, a setting, a key, a page or a target of make."""

from __future__ import annotations

import argparse
import re
import shlex
from collections.abc import Iterator
from functools import cache
from itertools import product

import pytest
from textual.binding import Binding
from textual.dom import DOMNode

from docs.generate.keys import has_bindings, key_name, kinds_of, load_all
from garage_tui.__main__ import _COMMANDS, parser
from garage_tui.app.app import GarageApp
from garage_tui.core.settings.reference import named_sections, sections
from garage_tui.core.settings.settings import Settings
from tests.support.repository import REPOSITORY
from tests.support.texts_of_the_program import HOLE, PACKAGE, SourceText, source_texts

TEXTS = list(source_texts())
_SPAN = re.compile(r"`(garage [^`]+)`")
_BARE = re.compile(rf"(?:^|[:(] *|\n)garage (?:{'|'.join(name for names in _COMMANDS.values() for name in names)})\b.*")
"""A command line without backticks, as in `ask it:  garage ask …`."""
_NAMED_ALONE = {
    "garage read": "as you gave it to `garage read`",
    "garage promote": "is the run in service (`garage promote`)",
}
"""Commands that a text names without offering them as they stand."""
_CHOICES = ("RUN", "1", "lora")
"""What may stand where a text has a value: one of them is right."""


# Commands


def command_lines(text: str) -> Iterator[str]:
    """Yield the command lines that a text offers."""
    yield from _SPAN.findall(text)
    for found in _BARE.findall(_SPAN.sub("", text)):
        yield _without_prose(found.lstrip(":( \n"))


def _without_prose(line: str) -> str:
    """Return the beginning of a line that belongs to the command: names of commands, options, and capitals."""
    kept: list[str] = []
    for word in re.sub(r"[);.].*| (?:does|runs at) .*", "", line).split(" "):
        known = word in ("garage", "lora", "diffusion") or any(word in names for names in _COMMANDS.values())
        if not (
            known
            or word.startswith("-")
            or HOLE in word
            or word.isupper()
            or word == '"…"'
            or kept[-1:] == ["--preset"]
        ):
            break
        kept.append(word)
    return " ".join(kept)


def refusal(line: str, capsys: pytest.CaptureFixture[str]) -> str:
    """Return what the program says against a command line, whatever stands for its values; empty if one is right."""
    found = ""
    holes = line.count(HOLE)
    for values in product(_CHOICES, repeat=holes):
        parts = line.replace("…", "TEXT").split(HOLE)
        filled = "".join(part + value for part, value in zip(parts, [*values, ""], strict=True))
        found = _says(["embedded" if word == "ENGINE" else word for word in shlex.split(filled)[1:]], capsys)
        if not found:
            return ""
    return found


def _says(words: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    try:
        _parser().parse_args(words)
    except SystemExit as end:
        said = capsys.readouterr()
        return "" if end.code in (0, None) else said.err.strip().splitlines()[-1]
    return ""


@cache
def _parser() -> argparse.ArgumentParser:
    return parser()


def test_every_command_that_a_text_offers_is_one_that_the_program_takes(capsys: pytest.CaptureFixture[str]):
    offered = [(text, line) for text in TEXTS for line in command_lines(text.text)]
    assert len(offered) >= 120
    wrong = []
    for text, line in offered:
        in_full = line in _NAMED_ALONE and _NAMED_ALONE[line] in text.text
        if not in_full and (found := refusal(line, capsys)):
            wrong.append(f"{text}: {line.replace(HOLE, '…')}: {found}")
    assert wrong == []


@pytest.mark.parametrize(
    "text",
    [
        "`garage nosuch`",
        "`garage facts import` reads it",
        f"`garage report {HOLE} --nosuch` makes one",
        f"longer: garage train lora --like {HOLE} --nosuch {HOLE}",
        f'ask it:  garage ask --nosuch {HOLE} "…"',
        "No night yet. t teaches now (garage school --nosuch)",
    ],
)
def test_a_command_that_the_program_does_not_take_is_found(text: str, capsys: pytest.CaptureFixture[str]):
    assert [line for line in command_lines(text) if refusal(line, capsys)]


def test_a_command_that_needs_a_run_is_offered_with_one():
    """`garage resume` alone parses, and then asks for a run: no remedy ends there."""
    alone = re.compile(r"`garage (?:resume|queue)`(?! continues it)")
    assert [str(text) for text in TEXTS if alone.search(text.text)] == []


# Settings


@cache
def _settings() -> dict[str, set[str]]:
    """Return the keys of each table."""
    found = [*sections(Settings), *named_sections(Settings)]
    return {section.name: {one.name.rpartition(".")[2] for one in section.settings} for section in found}


def settings_named(text: str) -> Iterator[tuple[str, str]]:
    """Yield each setting that a text names with its table: `port` in [serve]."""
    for key, table in re.findall(rf"`?\b(\w+)`?(?: \w+ [a-z]+)? (?:in|under|of) `?\[([\w.{HOLE}]+)\]", text):
        yield key, "places.NAME" if table.startswith("places.") else table


def missing_setting(key: str, table: str) -> bool:
    """Return whether no setting has this name; a word that is no key, as in "channel in [notify]", names a table."""
    is_word = key in ("set", "model", "through")
    return table not in _settings() or not (is_word or key in _settings()[table])


def test_every_setting_that_a_text_names_exists():
    named = [(text, *found) for text in TEXTS for found in settings_named(text.text)]
    assert len(named) >= 25
    assert [f"{text}: {key} in [{table}]" for text, key, table in named if missing_setting(key, table)] == []
    assert [found for found in settings_named("set `nosuch` in [serve]") if missing_setting(*found)]
    assert [found for found in settings_named("`port` in [nosuch]") if missing_setting(*found)]


# Pages and targets


def test_every_page_and_target_that_a_text_names_exists():
    makefile = (REPOSITORY / "Makefile").read_text(encoding="utf-8")
    wrong = []
    for text in TEXTS:
        pages = re.findall(r"\bdocs/[\w/-]+\.md", text.text)
        wrong += [f"{text}: {page}" for page in pages if not (REPOSITORY / page).is_file()]
        for target in re.findall(r"`make ([a-z-]+)", text.text):
            if not re.search(rf"^{target}:", makefile, re.MULTILINE):
                wrong.append(f"{text}: make {target}")
        topics = re.findall(r"`garage help ([a-z-]+)`", text.text)
        wrong += [f"{text}: {topic}" for topic in topics if not list((REPOSITORY / "docs").rglob(f"{topic}.md"))]
    assert wrong == []


# Keys

_KEY = r"(?:F\d+|Esc|Enter|Tab|Space|\^[a-z]|[Cc]trl\+[A-Za-z]|[A-Za-z/\[\]?](?![\w'’]))"
_PRESS = re.compile(rf"\b[Pp]ress(?:ing)? ({_KEY})")
_CTRL = re.compile(r"(\^[a-z]|[Cc]trl\+[A-Z])\b")
_DOES = re.compile(r"(?:^|[.:;,(] |\band |\bor )([b-zA-Z]|\^[a-z]) (?!is|has|was)[a-z]+s\b|(?:^|[:;,(] )(a) adds\b")
_SCREENS = {
    "facts": ("Facts", "F2", "facts file"),
    "runs": ("Runs", "F3", "report card"),
    "chat": ("Chat", "F4", "chat"),
    "gallery": ("Gallery", "F5"),
    "documents": ("Documents", "F10"),
    "launch": ("form",),
    "report": ("report card",),
}
"""By package of screens: with which words a text of another package points there."""


def keys_named(text: str) -> set[str]:
    """Return the keys that a text offers, as `key_name` writes them."""
    found = {*_PRESS.findall(text), *_CTRL.findall(text), *(one or other for one, other in _DOES.findall(text))}
    return {re.sub(r"^(?:\^|[Cc]trl\+)(.)$", lambda key: f"ctrl+{key[1].lower()}", key) for key in found}


@cache
def keys_of(package: str) -> set[str]:
    """Return the keys that work in a package of screens: of its pane, its dialogs and its widgets."""
    load_all()
    kinds = [kind for kind in kinds_of(DOMNode) if kind.__module__.startswith(f"garage_tui.screens.{package}.")]
    bindings = [*_bindings(kinds), *Binding.make_bindings(GarageApp.__dict__["BINDINGS"])]
    return {key_name(one.key) for one in bindings} | {"Esc", "Enter", "Tab", "Space"}


def _bindings(kinds: list[type]) -> Iterator[Binding]:
    for kind in {own for one in kinds for own in one.__mro__}:
        if has_bindings(kind):
            yield from Binding.make_bindings(kind.__dict__["BINDINGS"])


def missing_keys(text: SourceText) -> set[str]:
    """Return the keys that a text of a screen offers and that work neither there nor on a screen that it names."""
    package = text.path.relative_to(PACKAGE / "screens").parts[0]
    pointed = [name for name, words in _SCREENS.items() if any(re.search(rf"\b{word}\b", text.text) for word in words)]
    return keys_named(text.text) - {key for name in {package, *pointed} for key in keys_of(name)}


def test_every_key_that_a_text_of_a_screen_offers_works_there():
    screens = PACKAGE / "screens"
    texts = [text for text in TEXTS if screens in text.path.parents and screens / "common" not in text.path.parents]
    assert sum(len(keys_named(text.text)) for text in texts) >= 100
    assert [f"{text}: {sorted(missing)}" for text in texts if (missing := missing_keys(text))] == []


@pytest.mark.parametrize("text", ["press Z to start one", "it failed: Z retries", "^z brings it", "Ctrl+Z applies it"])
def test_a_key_that_does_not_work_is_found(text: str):
    assert missing_keys(SourceText(PACKAGE / "screens" / "school" / "text.py", 1, text))
