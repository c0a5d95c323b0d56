"""Passages of a document: its blocks put together or cut, by structure and between sentences."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from garage_tui.core.base.sanitize import one_line
from garage_tui.core.documents.passage import Document, Passage
from garage_tui.core.documents.text.blocks import Block, ExtractedText
from garage_tui.core.language.sentence_spans import sentence_spans

MIN_CHARACTERS, FULL_CHARACTERS, MAX_CHARACTERS = 200, 600, 1200
"""A passage is put together until it is full, and is shorter than the first only where its section is."""
_MAX_HEADING = 200
_SEPARATOR = " › "


class _Piece(NamedTuple):
    """Part of a block that is not cut any further."""

    text: str
    page: int
    joint: str
    """What is between it and the piece before it in the document's text: a line break, or a blank in a paragraph."""


class _Section:
    """The pieces below one heading."""

    def __init__(self, heading: str) -> None:
        self.heading = heading
        self.pieces: list[_Piece] = []


def make_document(name: str, sha256: str, extracted: ExtractedText, title: str) -> Document:
    """Return the document of extracted blocks.

    Args:
        name: as the owner gave it.
        title: what it is called if it gives no title itself.
    """
    text, passages = _write(name, sha256, _sections(extracted.blocks))
    return Document(
        name=name,
        sha256=sha256,
        title=extracted.title or title,
        format=extracted.format,
        pages=extracted.pages,
        text=text,
        passages=tuple(passages),
        left_out=tuple(one_line(reason, 1000) for reason in extracted.left_out),
        notes=tuple(one_line(note, 1000) for note in extracted.notes),
    )


def is_heading(block: Block) -> bool:
    """Return whether a block is a heading; a sentence in the place of one is text."""
    return (
        block.kind == "heading"
        and len(block.text) <= _MAX_HEADING
        and not (re.search(r"[.!?]$", block.text) and block.text.count(" ") >= 7)
    )


def _sections(blocks: Sequence[Block]) -> Iterator[str | _Section]:
    """Yield the lines of headings, and the sections between them, in their order."""
    path: list[tuple[int, str]] = []
    section = _Section("")
    for block in blocks:
        if not block.text:
            continue
        if is_heading(block):
            if section.pieces:
                yield section
            path = [*(entry for entry in path if entry[0] < block.level), (block.level, block.text)]
            section = _Section(_SEPARATOR.join(heading for _, heading in path))
            yield block.text
        else:
            section.pieces += _pieces(block)
    if section.pieces:
        yield section


def _pieces(block: Block) -> Iterator[_Piece]:
    """Yield a block whole if it fits into a passage, else cut between sentences, lines or, at last, blanks."""
    if len(block.text) <= MAX_CHARACTERS:
        yield _Piece(block.text, block.page, "\n")
        return
    end = 0
    spans = sentence_spans(block.text)
    groups = list(_groups(spans))
    for first, last in groups:
        start, stop = spans[first][0], spans[last][1]
        joint = "\n" if not end or "\n" in block.text[end:start] else " "
        yield from _cut(block.text[start:stop], block.page, joint)
        end = stop


def _groups(spans: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Yield the first and last sentence of each group that fits; groups of one block have about the same length."""
    total = spans[-1][1] - spans[0][0]
    count = -(-total // MAX_CHARACTERS)
    aim = total / count
    first = 0
    for index in range(1, len(spans)):
        length = spans[index][1] - spans[first][0]
        is_full = spans[index - 1][1] - spans[first][0] >= aim - 60
        if length > MAX_CHARACTERS or is_full:
            yield first, index - 1
            first = index
    yield first, len(spans) - 1


def _cut(text: str, page: int, joint: str) -> Iterator[_Piece]:
    """Yield a text in pieces that fit: one sentence may be longer than a passage."""
    while len(text) > MAX_CHARACTERS:
        at = max(text.rfind("\n", 1, MAX_CHARACTERS), 0) or max(text.rfind(" ", 1, MAX_CHARACTERS), 0)
        head = text[: at or MAX_CHARACTERS]
        yield _Piece(head.rstrip(), page, joint)
        joint = ("\n" if text[at] == "\n" else " ") if at else ""
        text = text[len(head) :].lstrip()
    if text:
        yield _Piece(text, page, joint)


def _write(name: str, sha256: str, parts: Iterator[str | _Section]) -> tuple[str, list[Passage]]:
    """Return the document's text with its passages."""
    written: list[str] = []
    length = 0
    passages: list[Passage] = []

    def add(text: str) -> None:
        nonlocal length
        written.append(text)
        length += len(text)

    for part in parts:
        if isinstance(part, str):
            add(("\n\n" if length else "") + part)
            continue
        for group in _grouped(part.pieces):
            add(group[0].joint if length else "")
            start = length
            add(_text(group))
            passages.append(Passage(name, sha256, group[0].page, start, length, part.heading, _text(group)))
    return "".join(written), passages


def _text(group: Sequence[_Piece]) -> str:
    return group[0].text + "".join(piece.joint + piece.text for piece in group[1:])


def _grouped(pieces: Sequence[_Piece]) -> list[list[_Piece]]:
    """Return the pieces of a section put together to passages."""
    groups: list[list[_Piece]] = []
    for piece in pieces:
        if groups and _goes_on(groups[-1], piece):
            groups[-1].append(piece)
        else:
            groups.append([piece])
    lengths = [len(_text(group)) for group in groups[-2:]]
    if len(lengths) == 2 and lengths[1] < MIN_CHARACTERS and sum(lengths) < MAX_CHARACTERS:
        groups[-2:] = [groups[-2] + groups[-1]]
    return groups


def _goes_on(group: Sequence[_Piece], piece: _Piece) -> bool:
    length = len(_text(group))
    if length + 1 + len(piece.text) > MAX_CHARACTERS:
        return False
    if piece.page != group[-1].page and length >= MIN_CHARACTERS:
        return False
    return length < FULL_CHARACTERS or (group[-1].text.endswith(":") and piece.joint == "\n")
