"""Text from outside is shown in one form: `quoted` names it in messages, `decoded` reads its bytes."""

from __future__ import annotations

import ast
from collections.abc import Callable, Container, Iterator

from tests.architecture.test_names import modules

NEVER_SHOWN = {
    "driver/late_terminal_replies.py",  # what is typed, as Textual reads it
    "core/terminal/capabilities.py",  # the name of the terminal, to recognise it
    "core/hardware/nvml.py",  # ASCII, by the library's own promise
    "core/hardware/own_processes.py",  # numbers of the kernel
    "core/documents/text/encoding.py",  # a document in an encoding of its own, whose text says what was lost
    "core/documents/pdf/characters.py",  # the name of a font, to recognise it
    "core/images/side_by_side.py",  # a name for a new file, which is UTF-8
    "core/chat/repetition.py",  # searched for repetition
    "screens/facts/import_export.py",  # a pasted text, which becomes a file
    "jobs/serve/upstream_request.py",  # a chat template, searched for one word
    "cli/help.py",  # the other way: characters that the encoding of the terminal lacks
}


def _by_repr(tree: ast.AST) -> Iterator[int]:
    """Yield the lines in which a text is built with `repr`: `{x!r}`, `%r`, `{!r}`."""
    for node in ast.walk(tree):
        match node:
            case ast.FormattedValue(conversion=114) | ast.FormattedValue(conversion=97):
                yield node.lineno
            case ast.Constant(value=str(text)) if "!r}" in text:
                yield node.lineno


def _by_replacement(tree: ast.AST) -> Iterator[int]:
    """Yield the lines in which bytes that are not UTF-8 become a `�`."""
    for node in ast.walk(tree):
        match node:
            case ast.keyword(arg="errors", value=ast.Constant(value="replace")):
                yield node.lineno


def _lines(find: Callable[[ast.AST], Iterator[int]], besides: Container[str] = ()) -> list[str]:
    return [f"{name}:{line}" for name, tree in modules().items() if name not in besides for line in find(tree)]


def test_no_message_has_the_escapes_of_repr():
    assert len(modules()) > 500 and _lines(_by_repr) == []


def test_bytes_that_are_not_utf8_stay_visible():
    assert _lines(_by_replacement, NEVER_SHOWN) == []
    assert all(any(_by_replacement(modules()[name])) for name in NEVER_SHOWN)  # none is listed for nothing
