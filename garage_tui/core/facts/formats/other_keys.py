"""Keys of a row besides its question and answer: kept under names that cannot collide, and brought back on the way out.

A key that is part of some format, such as `messages` or `output`, would be taken for a question or an answer in another
one. Such keys are kept below the one key `other_keys`, by the format whose rows have them at the top:
`{"question": …, "answer": …, "other_keys": {"messages": {"answer": "…"}}}`. All other keys stay where they are.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from garage_tui.core.facts.formats.read_row import FORMATS, Format

OTHER_KEYS = "other_keys"
QUESTION_KEYS = ("question", "prompt", "instruction", "query", "input", "q")
ANSWER_KEYS = ("answer", "response", "output", "completion", "a")
CHAT_KEYS = ("messages", "conversations", "conversation", "contents")
STRUCTURE = frozenset(
    {*QUESTION_KEYS, *ANSWER_KEYS, *CHAT_KEYS, "answers", "context", "chosen", "rejected", "history", OTHER_KEYS}
)
"""Keys that some format reads as a question, an answer or a part of them, in lower case."""


def fold_key(key: str) -> str:
    """Return a key as it is compared with known ones: without regard to case, blanks and a byte order mark."""
    return key.strip("\ufeff \t\r\n").casefold()


def keep(row: Mapping[str, Any], used: Collection[str], form: Format) -> dict[str, Any]:
    """Return the keys that a facts row gets besides question and answer.

    Args:
        used: the keys that question and answer came from.
        form: the format that the row was read as.
    """
    extra: dict[str, Any] = {}
    groups = _groups(row.get(OTHER_KEYS))
    aside: dict[str, Any] = {}
    for key, value in row.items():
        if key in used or (key == OTHER_KEYS and groups):
            continue
        collides = key in ("question", "answer") if form == "facts" else fold_key(key) in STRUCTURE
        (aside if collides else extra)[key] = value
    for key in list(groups.get("facts", {})):
        if key not in ("question", "answer", OTHER_KEYS) and key not in extra:
            extra[key] = groups["facts"].pop(key)
    if aside:
        groups[form] = {**groups.get(form, {}), **aside}
    groups = {name: keys for name, keys in groups.items() if keys}
    if list(groups) == ["facts"] and list(groups["facts"]) == [OTHER_KEYS]:
        groups = {}
        extra[OTHER_KEYS] = _groups(row[OTHER_KEYS])["facts"][OTHER_KEYS]
    if groups:
        extra[OTHER_KEYS] = groups
    return extra


def bring_back(extra: Mapping[str, Any], form: Format, own: Collection[str]) -> dict[str, Any]:
    """Return the keys of a row in another format, besides those that make its question and answer.

    Args:
        extra: the keys of the facts row.
        own: the keys that the format itself writes.
    """
    groups = _groups(extra.get(OTHER_KEYS))
    top: dict[str, Any] = {}
    aside: dict[str, Any] = {}
    for key, value in extra.items():
        if key == OTHER_KEYS and groups:
            continue
        collides = fold_key(key) in STRUCTURE or key in own
        (aside if collides else top)[key] = value
    for key in list(groups.get(form, {})):
        if key not in own and key not in top:
            top[key] = groups[form].pop(key)
    if aside:
        groups["facts"] = {**groups.get("facts", {}), **aside}
    groups = {name: keys for name, keys in groups.items() if keys}
    return {**top, OTHER_KEYS: groups} if groups else top


def aside_of(extra: Mapping[str, Any], form: Format) -> dict[str, Any]:
    """Return the keys that rows of a format have at the top, and that a facts row keeps aside for it."""
    return _groups(extra.get(OTHER_KEYS)).get(form, {})


def without(extra: Mapping[str, Any], form: Format, key: str) -> dict[str, Any]:
    """Return the keys of a facts row without one that it keeps aside for a format."""
    groups = _groups(extra.get(OTHER_KEYS))
    groups.get(form, {}).pop(key, None)
    rest = {name: value for name, value in extra.items() if name != OTHER_KEYS}
    groups = {name: keys for name, keys in groups.items() if keys}
    return {**rest, OTHER_KEYS: groups} if groups else rest


def with_aside(extra: Mapping[str, Any], form: Format, key: str, value: Any) -> dict[str, Any]:
    """Return the keys of a facts row with one more that it keeps aside for a format."""
    groups = _groups(extra.get(OTHER_KEYS))
    return {**extra, OTHER_KEYS: {**groups, form: {**groups.get(form, {}), key: value}}}


def _groups(value: object) -> dict[str, dict[str, Any]]:
    """Return a copy of the keys that are kept aside, by format; empty if `value` is something else."""
    if isinstance(value, dict) and value and all(k in FORMATS and isinstance(v, dict) for k, v in value.items()):
        return {name: dict(keys) for name, keys in value.items()}
    return {}
