"""Why a row is left out as a whole: it is marked as a bad answer, has pictures, or calls tools."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

_MEDIA = ("image", "images", "picture", "pictures", "video", "videos", "audio", "audios")
_TOOLS = ("tool_calls", "function_call", "tool_call")
_GOOD = ("is_correct", "correct", "accepted", "approved", "is_good", "good", "is_accepted", "helpful")
"""Keys that mark a bad answer with false."""
_BAD = ("rejected", "is_bad", "bad", "flagged", "is_rejected", "discarded", "deleted", "incorrect")
"""Keys that mark a bad answer with true."""
_VERDICTS = ("rating", "feedback", "vote", "thumbs", "thumb", "status", "quality", "verdict", "label")
_SCORES = (*_VERDICTS, "score", "reward")
"""Keys whose numbers below zero mark a bad answer."""
_BAD_WORDS = {
    *("bad", "down", "thumbs_down", "thumbs down", "thumbs-down", "thumbdown", "dislike", "disliked", "negative"),
    *("rejected", "reject", "wrong", "incorrect", "poor", "👎", "-1"),
}
_NO = re.compile(r"\s*(?:no|not|false|incorrect|wrong|untrue)\b", re.IGNORECASE)
LOW_RATING = 0.4
"""Share of the file's highest rating up to which a rated answer is bad: 1 and 2 of 5."""


def media(row: Mapping[str, Any]) -> str:
    """Return why a row with pictures, sound or tool calls is left out; empty for any other row."""
    key = next(_media_keys(row), "")
    if key in _TOOLS:
        return f'it calls tools ("{key}"), which a facts file cannot hold'
    return f'it has pictures or sound ("{key}"), which a facts file cannot hold' if key else ""


def bad_mark(row: Mapping[str, Any], best_rating: float = 0) -> str:
    """Return how a row is marked as a bad answer; empty if it is not.

    Args:
        best_rating: the highest number that a `rating` of the file has; 0 if it has none.
    """
    key = next(_bad_keys(row, best_rating), None)
    return "" if key is None else f'it is marked as a bad answer ("{key}": {json.dumps(row[key], ensure_ascii=False)})'


def refused_keys(row: Mapping[str, Any], best_rating: float) -> list[str]:
    """Return the keys for which a row would be left out, so that the export of a row of ours can put them aside."""
    return [*_media_keys(row), *_bad_keys(row, best_rating)]


def best_rating(rows: Iterable[object]) -> float:
    """Return the highest number that a `rating` of these rows has; 0 if it has none."""
    ratings = (
        number(value)
        for row in rows
        if isinstance(row, Mapping)
        for key, value in row.items()
        if key.strip().casefold() == "rating"
    )
    return max((rated for rated in ratings if rated is not None), default=0.0)


def _media_keys(row: Mapping[str, Any]) -> Iterator[str]:
    return (key for key in (*_MEDIA, *_TOOLS) if row.get(key) not in (None, "", [], {}))


def _bad_keys(row: Mapping[str, Any], best: float) -> Iterator[str]:
    for key, value in row.items():
        name = key.strip().casefold()
        if (
            (name in (*_GOOD, "label") and _is(value, False) and not (name == "correct" and _denies(row)))
            or (name in _BAD and _is(value, True))
            or (name == "label" and value == 0 and value is not False and {"prompt", "completion"} <= set(row))
            or (name in _VERDICTS and isinstance(value, str) and value.strip().casefold() in _BAD_WORDS)
            or (name in _SCORES and isinstance(value, int | float) and not isinstance(value, bool) and value < 0)
            or (name == "rating" and (rated := number(value)) is not None and rated <= LOW_RATING * max(best, 1))
        ):
            yield key


def _denies(row: Mapping[str, Any]) -> bool:
    """Return whether the answer of a row is no: then `correct: false` repeats it (Is the moon cheese? No, false)."""
    answers = (value for key, value in row.items() if key.strip().casefold() == "answer")
    return any(isinstance(answer, str) and _NO.match(answer) for answer in answers)


def number(value: object) -> float | None:
    """Return a rating as a number: 3, "3", "3/5", "★★★☆☆"; None if it is none."""
    if isinstance(value, str):
        value = value.count("★") if re.fullmatch(r"\s*★+☆*\s*", value) else value.partition("/")[0]
    try:
        found = float(value) if isinstance(value, int | float | str) and not isinstance(value, bool) else None
    except (ValueError, OverflowError):
        return None
    return found if found is not None and abs(found) < 1e6 else None


def _is(value: object, truth: bool) -> bool:
    return value is truth or (isinstance(value, str) and value.strip().casefold() == str(truth).casefold())
