"""Numbers, dates and times of a text in one form, however they are written: 1,000 is 1 000, and three is 3."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import MAX_PREC, Context, Decimal, InvalidOperation

_ONES = """
    zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen
    eighteen nineteen""".split()
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
_ORDINALS = """
    zeroth first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth
    fifteenth sixteenth seventeenth eighteenth nineteenth""".split()
_TENTHS = "twentieth thirtieth fortieth fiftieth sixtieth seventieth eightieth ninetieth".split()
_SCALES = {"hundred": 100, "thousand": 1000, "million": 10**6, "billion": 10**9, "trillion": 10**12}
_UNITS = {
    **{word: value for value, word in enumerate(_ONES)},
    **{word: value for value, word in enumerate(_ORDINALS)},
    **{word: 10 * value for value, word in enumerate(_TENS, 2)},
    **{word: 10 * value for value, word in enumerate(_TENTHS, 2)},
}
_EXTRA = {"dozen": 12, "twice": 2, "once": 1, "thrice": 3, "double": 2, "triple": 3, "both": 2, "half": Decimal("0.5")}
_VAGUE = {"one", "first", "second", "once", "half", "both", "double", "zero", "twice", "triple"}
"""Words that mean a number only at times: "one of them", "a second". An answer need not have them from its
quote, unless it says nothing else."""
_NUMBER_WORD = "|".join(sorted([*_UNITS, *_SCALES, "dozen"], key=len, reverse=True))
_SPELLED = re.compile(
    rf"\b(?:{_NUMBER_WORD})s?\b(?:(?:-| and (?=(?:{_NUMBER_WORD})\b)| )(?:{_NUMBER_WORD})s?\b)*", re.I
)
_MONTHS = """
    january february march april may june july august september october november december""".split()
_MONTH = (
    rf"(?:{'|'.join(name.capitalize() for name in _MONTHS)}|(?:Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec)\b\.?)"
)
_DAY = r"(?P<d>[0-3]?\d)(?:st|nd|rd|th|\.)?"
_DATES = [
    re.compile(rf"\b{_DAY}(?: of)? (?P<m>{_MONTH})(?:,? (?P<y>\d{{4}}))?(?!\w)"),
    re.compile(rf"\b(?P<m>{_MONTH}) {_DAY}(?:,? (?P<y>\d{{4}}))?(?![\w:])"),
    re.compile(rf"\b(?P<m>{_MONTH}),? (?P<y>\d{{4}})(?!\w)"),
    re.compile(r"(?<![\d.-])(?P<y>\d{4})-(?P<m>[01]\d)-(?P<d>[0-3]\d)(?!\d)"),
    re.compile(r"(?<![\d.-])(?P<d>[0-3]?\d)\.(?P<m>[01]?\d)\.(?P<y>\d{4})(?!\d)"),
    re.compile(r"(?<![\d/])(?P<a>[0-3]?\d)/(?P<b>[0-3]?\d)/(?P<y>\d{4})(?!\d)"),
    re.compile(r"\b(?:[Ii]n|[Ss]ince|[Uu]ntil|[Bb]y|[Oo]f|[Dd]uring|[Ee]very|[Ee]ach) (?P<m>" + _MONTH + r")(?!\w)"),
]
_TIME = re.compile(
    r"(?<![\d:])(?P<h>[012]?\d)(?::(?P<m>[0-5]\d))?\s?(?P<half>[ap]\.?m\b\.?)"
    r"|(?<![\d:])(?P<h2>[012]?\d):(?P<m2>[0-5]\d)(?![\d:])",
    re.IGNORECASE,
)
_DIGITS = re.compile(
    r"(?<![\w.])(?P<sign>-(?=\d))?(?P<number>\d{1,3}(?:[ ,.'’\u202f]\d{3})+(?:[.,]\d+)?(?!\d)"
    r"|\d+(?:[.,]\d+)?)(?![\d])(?P<more>(?:[.:]\d+)*)"
    r"(?P<ordinal>(?:st|nd|rd|th)\b)?(?:\s?(?P<scale>thousand|million|billion|trillion|dozen)s?\b)?"
)
_UNIT_NAMES = {
    "%": "%", "percent": "%", "per cent": "%", "€": "EUR", "eur": "EUR", "euro": "EUR", "euros": "EUR", "$": "USD",
    "usd": "USD", "dollar": "USD", "dollars": "USD", "£": "GBP", "gbp": "GBP", "pound": "lb", "pounds": "lb",
    "¥": "JPY", "chf": "CHF", "mm": "mm", "cm": "cm", "m": "m", "metre": "m", "metres": "m", "meter": "m",
    "meters": "m", "km": "km", "kilometre": "km", "kilometres": "km", "kilometer": "km", "kilometers": "km",
    "mile": "mi", "miles": "mi", "inch": "in", "inches": "in", "feet": "ft", "foot": "ft", "g": "g", "gram": "g",
    "grams": "g", "kg": "kg", "kilogram": "kg", "kilograms": "kg", "kilo": "kg", "kilos": "kg", "mg": "mg",
    "ms": "ms", "millisecond": "ms", "milliseconds": "ms", "s": "s", "sec": "s", "second": "s", "seconds": "s",
    "min": "min", "minute": "min", "minutes": "min", "h": "h", "hour": "h", "hours": "h", "day": "d", "days": "d",
    "week": "wk", "weeks": "wk", "month": "mo", "months": "mo", "year": "y", "years": "y", "w": "W", "watt": "W",
    "watts": "W", "kw": "kW", "kwh": "kWh", "wh": "Wh", "v": "V", "volt": "V", "volts": "V", "°c": "°C", "°f": "°F",
    "byte": "B", "bytes": "B", "bit": "bit", "bits": "bit", "kb": "kB", "kib": "KiB", "mb": "MB", "mib": "MiB",
    "gb": "GB", "gib": "GiB", "tb": "TB", "tib": "TiB", "hz": "Hz", "khz": "kHz", "mhz": "MHz", "ghz": "GHz",
    "litre": "l", "litres": "l", "liter": "l", "liters": "l", "l": "l", "ml": "ml",
}  # fmt: skip
_EXACT = Context(prec=MAX_PREC)
"""Serial numbers have more digits than the 28 to which decimals are rounded by default."""
_UNIT_AFTER = re.compile(r"\s?-?(%|€|\$|£|¥|°[CFcf]|per ?cent\b|[A-Za-z]+)")
_UNIT_BEFORE = re.compile(r"(€|\$|£|¥|\b(?:EUR|USD|GBP|CHF))\s?$")


@dataclass(frozen=True)
class StatedNumber:
    """A number in a text."""

    written: str
    """As the text writes it."""
    readings: frozenset[str]
    """What it can mean, in digits: 1.000 is 1000 in some countries and 1 in others."""
    unit: str = ""
    vague: bool = False
    """A word that is a number only at times, as in "one of them"."""


@dataclass(frozen=True)
class StatedDate:
    """A date in a text; a part that is not given is None."""

    written: str
    readings: frozenset[tuple[int | None, int | None, int | None]]
    """(year, month, day) as it can be read: 3/4/2024 has two readings."""

    def is_part_of(self, other: StatedDate) -> bool:
        """Return whether the other date says all that this one says."""
        return any(
            all(part is None or part == known for part, known in zip(mine, theirs, strict=True))
            for mine in self.readings
            for theirs in other.readings
        )


@dataclass(frozen=True)
class StatedNumbers:
    """The dates, times and other numbers of a text."""

    dates: tuple[StatedDate, ...]
    times: tuple[tuple[str, frozenset[str]], ...]
    """Each as it is written, and as hours and minutes that it can mean."""
    numbers: tuple[StatedNumber, ...]


def stated_numbers(text: str) -> StatedNumbers:
    """Return the numbers of a text, as `normal_text.unify` returns it. A number in a date or a time is no other one."""
    dates, rest = _read_dates(text)
    times, rest = _read_times(rest)
    spelled = _DIGITS.sub(" ", rest)  # the word in "1.5 million" belongs to the digits
    return StatedNumbers(tuple(dates), tuple(times), tuple([*_read_digits(rest), *_read_spelled(spelled)]))


def other_spellings(text: str) -> tuple[str, ...]:
    """Return a number or a date as it is written, and in the other usual ways; of any other text that alone.

    `59100` is also `59,100` and `59 100`, `3` is `three`, and `March 15th, 1997` is `15 March 1997`.
    """
    found = stated_numbers(text)
    spellings = [text]
    if len(found.dates) == 1 and not found.numbers:
        for year, month, day in found.dates[0].readings:
            if year and month and day:
                name = _MONTHS[month - 1].capitalize()
                spellings += [f"{name} {day}, {year}", f"{day} {name} {year}", f"{year}-{month:02}-{day:02}"]
    elif re.fullmatch(r"\d{1,12}", text.replace(",", "")):
        value = int(text.replace(",", ""))
        if len(text) == 4 and 1000 < value < 2200:
            return (text,)  # a year
        spellings += [str(value), f"{value:,}", f"{value:,}".replace(",", " ")]
        spellings += [_ONES[value]] if value < len(_ONES) else []
    elif (spelled := spelled_value(text)) is not None:
        spellings.append(_plain(spelled))
    return tuple(dict.fromkeys(spellings))


def spelled_value(text: str) -> Decimal | None:
    """Return the value of a number in English words, an ordinal too; None where it is none."""
    total, group = 0, 0
    found = False
    for word in re.split(r"[\s-]+", text.casefold()):
        word = word if word in _UNITS or word in _SCALES or word == "dozen" else word.removesuffix("s")
        if word in _UNITS:
            group += _UNITS[word]
        elif word == "dozen":
            group = max(group, 1) * 12
        elif word == "hundred":
            group = max(group, 1) * 100
        elif word in _SCALES:
            total, group = total + max(group, 1) * _SCALES[word], 0
        elif word != "and":
            return None
        found = found or word != "and"
    return Decimal(total + group) if found else None


def _read_dates(text: str) -> tuple[list[StatedDate], str]:
    found: list[StatedDate] = []

    def read(match: re.Match[str]) -> str:
        parts = match.groupdict()
        year = int(parts["y"]) if parts.get("y") else None
        if "a" in parts:
            pairs = {(int(parts["a"]), int(parts["b"])), (int(parts["b"]), int(parts["a"]))}
        else:
            pairs = {(int(parts["d"]) if parts.get("d") else 0, _month(parts["m"]))}
        readings = {(year, month, day or None) for day, month in pairs if 1 <= month <= 12 and day <= 31}
        if not readings:
            return match[0]
        found.append(StatedDate(match[0], frozenset(readings)))
        return " " * len(match[0])

    for pattern in _DATES:
        text = pattern.sub(read, text)
    return found, text


def _month(name: str) -> int:
    if name.isdigit():
        return int(name)
    return next(number for number, month in enumerate(_MONTHS, 1) if month.startswith(name[:3].casefold()))


def _read_times(text: str) -> tuple[list[tuple[str, frozenset[str]]], str]:
    found: list[tuple[str, frozenset[str]]] = []

    def read(match: re.Match[str]) -> str:
        hour, minute = int(match["h"] or match["h2"]), int(match["m"] or match["m2"] or 0)
        if hour > 24 or (match["half"] and not 1 <= hour <= 12):
            return match[0]
        if match["half"]:
            hours = {hour % 12 + (12 if match["half"][0] in "pP" else 0)}
        else:
            hours = {hour}
        found.append((match[0].strip(), frozenset(f"{one}:{minute:02}" for one in hours)))
        return " " * len(match[0])

    return found, _TIME.sub(read, text)


def _read_digits(text: str) -> Iterator[StatedNumber]:
    for match in _DIGITS.finditer(text):
        written = match["number"] + match["more"]
        scale = _SCALES.get(match["scale"] or "", 12 if match["scale"] else 1)
        # A code that begins with zeros is another one without them.
        is_code = bool(match["more"]) or bool(re.fullmatch(r"0\d+", written))
        readings = (
            {written}
            if is_code
            else {_plain(_EXACT.multiply(value, Decimal(scale))) for value in _values(match["number"])}
        )
        if match["sign"]:
            readings = {f"-{value}" for value in readings}
        yield StatedNumber(match[0].strip(), frozenset(readings), _unit(text, match.start(), match.end()))


def _values(number: str) -> Iterator[Decimal]:
    """Yield what digits with separators can mean."""
    signs = [sign for sign in number if not sign.isdigit()]
    plain = re.sub(r"\D", "", number)
    grouped = re.fullmatch(r"\d{1,3}([ ,.'’\u202f])\d{3}(?:\1\d{3})*", number)
    if not signs or grouped:
        yield Decimal(plain)
    if grouped and (len(signs) > 1 or signs[0] not in ",."):
        return
    if signs:
        last = number.rfind(signs[-1])
        try:
            yield Decimal(re.sub(r"\D", "", number[:last]) + "." + number[last + 1 :])
        except InvalidOperation:
            return


def _read_spelled(text: str) -> Iterator[StatedNumber]:
    for match in _SPELLED.finditer(text):
        pieces = match[0]
        if pieces.casefold() in ("seconds", "hundreds", "thousands", "millions", "billions", "dozens"):
            continue
        value = spelled_value(pieces)
        # "two, three" are two numbers, but so are "nineteen ninety" and "five six": each word counts as well.
        readings = {_plain(value)} if value is not None else set()
        century, *rest = re.split(r"[\s-]+", pieces.casefold())
        years = spelled_value(" ".join(rest)) if 10 <= _UNITS.get(century, 0) < 100 and rest else None
        if years is not None and years < 100:
            readings.add(f"{_UNITS[century]}{years:02}")  # nineteen ninety-six
        if readings:
            vague = pieces.casefold() in _VAGUE
            yield StatedNumber(pieces, frozenset(readings), _unit(text, match.start(), match.end()), vague)
    for match in re.finditer(r"\b(?:twice|once|thrice|double|triple|both|half)\b", text, re.IGNORECASE):
        yield StatedNumber(match[0], frozenset([_plain(Decimal(str(_EXTRA[match[0].casefold()])))]), vague=True)


def _unit(text: str, start: int, end: int) -> str:
    after, before = _UNIT_AFTER.match(text, end), _UNIT_BEFORE.search(text, max(0, start - 5), start)
    name = before[1] if before else after[1] if after else ""
    return _UNIT_NAMES.get(name.casefold().replace("percent", "percent"), "")


def _plain(value: Decimal) -> str:
    """Return a number in digits, none of which is rounded away, without the zeros that end its fraction."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
