"""Names, numbers, dates and addresses of an answer that its quote does not have."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from garage_tui.core.language.entities import SENTENCE_OPENERS, entity_spellings, tokenize
from garage_tui.core.proposals.normal_text import unify
from garage_tui.core.proposals.numbers import StatedNumber, StatedNumbers, spelled_value, stated_numbers

_ADDRESS = re.compile(
    r"(?:https?://|ftp://|www\.)[^\s<>\"'()\[\]]+|(?<![\w.+-])[\w.+-]{1,64}@[\w-]+(?:\.[\w-]+)+"
    r"|\b[\w-]{1,63}(?:\.[\w-]{1,63}){1,20}/[^\s<>\"'()\[\]]*",
    re.IGNORECASE,
)
_AFTER_ADDRESS = ".,;:!?…'\"*`"
_MONTH_NAMES = frozenset(
    """
    january february march april may june july august september october november december jan feb mar apr jun jul aug
    sep sept oct nov dec monday tuesday wednesday thursday friday saturday sunday""".split()
)
_MONTHS_ONLY = _MONTH_NAMES - set("monday tuesday wednesday thursday friday saturday sunday".split())


def missing_values(answer: str, quote: str, given: Iterable[str] = ()) -> list[str]:
    """Return the names, numbers, dates and addresses of an answer that neither its quote nor `given` has.

    Args:
        given: texts that the answer may repeat, such as its question.
    """
    text, source = unify(answer), "\n".join(map(unify, [quote, *given]))
    addresses, rest = _addresses(text)
    known_addresses, source_rest = _addresses(source)
    known = {_bare_address(address) for address in known_addresses}
    missing = [address for address in addresses if _bare_address(address) not in known]
    missing += _missing_numbers(stated_numbers(rest), stated_numbers(source_rest), rest)
    return list(dict.fromkeys([*missing, *_missing_names(rest, source)]))


def _addresses(text: str) -> tuple[list[str], str]:
    found = [match[0].rstrip(_AFTER_ADDRESS) for match in _ADDRESS.finditer(text)]
    return found, _ADDRESS.sub(" ", text)


def _bare_address(address: str) -> str:
    return re.sub(r"^[a-z]+://", "", address.casefold()).rstrip("/")


def _missing_numbers(mine: StatedNumbers, source: StatedNumbers, answer: str) -> Iterator[str]:
    for date in mine.dates:
        if not any(date.is_part_of(other) for other in source.dates) and not _is_year(date.readings, source):
            yield date.written
    for written, readings in mine.times:
        known = {value for _, values in source.times for value in values}
        if not readings & known and not _is_hour(readings, source):
            yield written
    alone = re.fullmatch(r"\W*\w+\W*", answer) is not None
    for number in mine.numbers:
        if not (number.vague and not alone) and not _is_stated(number, source):
            yield number.written + (f" {number.unit}" if number.unit and number.unit not in number.written else "")


def _is_stated(number: StatedNumber, source: StatedNumbers) -> bool:
    """Return whether a text has the number; with another unit it has not."""
    for other in source.numbers:
        if number.readings & other.readings and (not number.unit or not other.unit or number.unit == other.unit):
            return True
    parts = {str(part) for date in source.dates for reading in date.readings for part in reading if part is not None}
    hours = {value.removesuffix(":00").split(":")[0] for _, values in source.times for value in values}
    return bool(number.readings & (parts | hours)) and not number.unit


def _is_year(readings: frozenset[tuple[int | None, int | None, int | None]], source: StatedNumbers) -> bool:
    """Return whether a date is a year alone that the text has as a number."""
    years = {str(year) for year, month, day in readings if month is None and day is None}
    return any(years & other.readings for other in source.numbers)


def _is_hour(readings: frozenset[str], source: StatedNumbers) -> bool:
    hours = {value.removesuffix(":00") for value in readings if value.endswith(":00")}
    return any(hours & other.readings and not other.unit for other in source.numbers)


def _missing_names(answer: str, source: str) -> Iterator[str]:
    known = tokenize(source)
    pieces = {piece for token in known for piece in re.split(r"[-/.&+]", token)} | known
    initials = _initials(source)
    for folded, name in entity_spellings(answer).items():
        if re.fullmatch(r"[\d\W]+(?:st|nd|rd|th|am|pm)?", folded) or spelled_value(folded) is not None:
            continue  # a number, which was compared
        if folded in known or folded in initials or folded in _MONTHS_ONLY:
            continue
        if all(piece in pieces for piece in re.split(r"[-/.&+]", folded) if piece):
            continue
        if _alike(folded, known):
            continue
        yield name
    # The first word has its capital in any case, so it is compared as a word: "Ringo." as well as "Users".
    first = re.match(r"\W*([^\W\d_][\w'-]*)", answer)
    if first and first[1][:1].isupper():
        word = re.sub(r"'s?$", "", first[1].casefold())
        if (
            word not in SENTENCE_OPENERS
            and word not in known
            and not _alike(word, known)
            and word not in _MONTH_NAMES
            and spelled_value(word) is None
            and word not in {name.casefold() for name in entity_spellings(answer)}
        ):
            yield first[1]


def _alike(word: str, known: Iterable[str]) -> bool:
    """Return whether one of the words is another form of this one: user, users; Debian, Debian's."""
    stem = _stem(word)
    return len(stem) > 2 and any(_stem(other) == stem for other in known)


def _stem(word: str) -> str:
    word = re.sub(r"'s$", "", word)
    return re.sub(r"(?:ies|ing|ed|es|s|y|e)$", "", word) if len(word) > 4 else word.removesuffix("s")


def _initials(text: str) -> set[str]:
    """Return the abbreviations that runs of capitalised words can have: fsf for the Free Software Foundation."""
    found = set()
    for run in re.findall(r"[A-Z][\w'-]*(?: (?:of |the |for |and )?[A-Z][\w'-]*)+", text):
        letters = [word[0].casefold() for word in re.split(r"[ -]", run) if word[:1].isupper()]
        for start in range(len(letters)):
            found |= {"".join(letters[start:end]) for end in range(start + 2, len(letters) + 1)}
    return found
