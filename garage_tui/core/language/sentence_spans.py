"""Where the sentences of a text are."""

from __future__ import annotations

import re

_END = re.compile(r"(?:[.!?…]+[\"'”’»)\]]*)(?=\s)|[。！？]+[」』”’）]*")
_BEGINS = re.compile(r"\s*[\"'“‘«(\[*•–-]*\s*[^\W_a-zà-öø-ÿ]|\s*[\"'“‘«(\[]*`|\s*[\"'“‘«(\[]*[/\\$<-]")
# What has a full stop and does not end a sentence; of the last row, only what a number follows.
_ABBREVIATION = re.compile(
    r"(?:^|[\s(\[\"'“‘/])(?:[A-Z]|e\.g|i\.e|cf|vs|viz|approx|resp|incl|excl|Mr|Mrs|Ms|Dr|Prof|St|Sr|Jr|Gen|Col|Capt|Lt|Rev"
    r"|Inc|Ltd|Corp|Co|dept|est|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sep|Sept|Oct|Nov|Dec|z\.B|d\.h|bzw|usw|u\.a|al|Ed|U\.S)\.$",
)
_BEFORE_NUMBER = re.compile(
    r"(?:^|[\s(\[])(?:No|Nos|Nr|p|pp|Fig|Figs|Eq|Eqs|Sec|Sect|Ch|Chap|Vol|Art|ca|c)\.$", re.IGNORECASE
)
_LIST_NUMBER = re.compile(r"(?:^|\n)\s*(?:\d{1,3}|[A-Za-z])[.)]$")


def sentence_spans(text: str) -> list[tuple[int, int]]:
    """Return start and end of each sentence; a line break ends one too. Nothing but blanks is between them."""
    spans: list[tuple[int, int]] = []
    for line in re.finditer(r"[^\n]+", text):
        start = line.start()
        for end in _ends(line[0]):
            _add(spans, text, start, line.start() + end)
            start = line.start() + end
        _add(spans, text, start, line.end())
    return spans


def _ends(line: str) -> list[int]:
    return [mark.end() for mark in _END.finditer(line) if _is_end(line, mark)]


def _is_end(line: str, mark: re.Match[str]) -> bool:
    if mark[0][0] in "。！？":
        return True
    before, after = line[: mark.end()], line[mark.end() :]
    if not _BEGINS.match(after) or _LIST_NUMBER.search(before):
        return False
    if mark[0] == ".":
        tail = before[-20:]
        if _ABBREVIATION.search(tail):
            return False
        if _BEFORE_NUMBER.search(tail) and re.match(r"\s*[\dIVX]", after):
            return False
    return True


def _add(spans: list[tuple[int, int]], text: str, start: int, end: int) -> None:
    piece = text[start:end]
    if bare := piece.strip():
        start += len(piece) - len(piece.lstrip())
        spans.append((start, start + len(bare)))
