"""Rows that hold a chat: `messages`, ShareGPT's `conversations`, TRL's prompt and completion, chosen and rejected."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from garage_tui.core.base.sanitize import one_line
from garage_tui.core.facts.formats.follow_ups import needs_context
from garage_tui.core.facts.formats.json_values import is_message
from garage_tui.core.facts.formats.left_out_rows import media
from garage_tui.core.facts.formats.other_keys import CHAT_KEYS, keep, with_aside
from garage_tui.core.facts.formats.read_row import Format, ReadFact, RowReading, RowRefusedError

_ROLES = {
    **dict.fromkeys(("human", "user"), "user"),
    **dict.fromkeys(("gpt", "chatgpt", "assistant", "model", "bot", "ai", "bing", "bard", "claude"), "assistant"),
    **dict.fromkeys(("system", "developer"), "system"),
}
_TOOL_ROLES = ("tool", "function", "function_call", "observation", "ipython", "tool_response", "tool_call")
_FORMS: dict[str, Format] = {"conversations": "sharegpt", "instruction": "alpaca"}
_MESSAGE_KEYS = {"role", "from", "content", "value", "parts"}
_HUMAN = re.compile(r"(?:^|\n\n)(Human|Assistant):[ \t]*")


class ChatTurn(NamedTuple):
    """One message: who speaks (`user`, `assistant` or `system`) and the text."""

    role: str
    text: str
    excluded: bool = False
    """It is marked as not to be learned."""


def has_chat(row: Mapping[str, Any]) -> bool:
    """Return whether a row has the keys of a chat."""
    if any(isinstance(as_messages(row.get(key)), list) for key in CHAT_KEYS):
        return True
    sides = ("prompt", "completion", "response")
    if "chosen" in row or ("prompt" in row and any(isinstance(as_messages(row.get(key)), list) for key in sides)):
        return True
    if isinstance(row.get("history"), list) and row["history"]:
        return True
    return "rejected" in row and isinstance(row["rejected"], str | list)


def read_chat(row: Mapping[str, Any], form: Format | None = None) -> RowReading:
    """Return a fact for each question that a chat answers.

    Messages of one side that follow each other are put together. A question that seems to need the turns before it is
    left out and named; a later question that does not is taken, with a notice.

    Args:
        form: the format whose rows have the row's other keys; found by the row's keys by default.

    Raises:
        RowRefusedError: there is none, or the chat has pictures or calls tools.
    """
    messages, used = _messages(row, form)
    key = used[0]
    form = form or _FORMS.get(key, "messages")
    turns = [_turn(message) for message in messages]
    reading = RowReading()
    extra = keep(row, used, form)
    system = [turn.text for turn in turns if turn.role == "system" and turn.text.strip()]
    if system:
        if "system" in extra:  # the row has one beside its messages, which stays what it is
            extra = with_aside(extra, form, "system", extra.pop("system"))
        extra["system"] = "\n\n".join(system)
    _pair_up(turns, extra, reading)
    if not reading.facts:
        raise RowRefusedError("; ".join(reading.left_out) or "no question with an answer")
    if len(reading.facts) == 1 and any(set(message) - _MESSAGE_KEYS for message in messages) and key in CHAT_KEYS:
        # What stands beside a message comes back on the way out, with the messages themselves.
        fact = reading.facts[0]
        reading.facts[0] = fact._replace(extra=with_aside(fact.extra, form, key, row[key]))
    return reading


def _pair_up(turns: list[ChatTurn], extra: dict[str, Any], reading: RowReading) -> None:
    """Add a fact for each question with its answer, and what was left out."""
    questions: list[ChatTurn] = []
    answers: list[ChatTurn] = []
    before = False  # whether something was said before the question

    def finish() -> None:
        nonlocal before
        question = "\n\n".join(turn.text for turn in questions if turn.text.strip())
        answer = "\n\n".join(turn.text for turn in answers if turn.text.strip())
        named = f'the question "{one_line(question, 60)}"'
        if not questions and answers:
            reading.left_out.append(f'"{one_line(answer, 60)}" comes before the first question, so it is left out')
        elif questions and not answers:
            reading.left_out.append(f"{named} has no answer")
        elif questions and any(turn.excluded for turn in answers):
            reading.left_out.append(f"the answer to {named[4:]} is marked as not to be learned")
        elif questions and not (question and answer):
            reading.left_out.append(f"{named} has an empty answer" if question else "an empty question")
        elif questions and before and needs_context(question):
            why = "needs the turns before it; write it so that it can be understood alone"
            reading.left_out.append(f"{named} {why}")
        elif questions:
            reading.facts.append(ReadFact(question, answer, dict(extra)))
            if before:
                reading.notices.append(f"{named} comes after other turns; check that it can be understood alone")
        before = before or bool(questions or answers)
        questions.clear()
        answers.clear()

    for turn in turns:
        if turn.role == "system":
            continue
        if turn.role == "user":
            if answers:
                finish()
            questions.append(turn)
        else:
            answers.append(turn)
    finish()
    late = next((at for at, turn in enumerate(turns) if turn.role != "system"), 0)
    if any(turn.role == "system" for turn in turns[late:]):
        reading.notices.append("a system message in the middle of the chat is put with the system prompt")


def _messages(row: Mapping[str, Any], form: Format | None) -> tuple[list[dict[str, Any]], tuple[str, ...]]:
    """Return (the messages of a row, the keys that they come from).

    Raises:
        RowRefusedError: they are no messages.
    """
    there = [key for key in (CHAT_KEYS[1:] + CHAT_KEYS[:1] if form == "sharegpt" else CHAT_KEYS) if key in row]
    if there:
        key = next((key for key in there if isinstance(as_messages(row[key]), list)), there[0])
        return _list(row[key]), (key,)
    if "chosen" in row or "rejected" in row:
        if not row.get("chosen"):
            raise RowRefusedError('it has only a bad answer ("rejected")')
        return _chosen(row, as_messages(row["chosen"]))
    history = row.get("history")
    earlier = _history(history) if isinstance(history, list) else []
    used = ("history",) if earlier else ()
    if "instruction" in row:
        return [*earlier, *_instruction(row)], ("instruction", "input", "output", "response", *used)
    answer = next((key for key in ("completion", "response", "output", "answer") if key in row), None)
    question = next((key for key in ("prompt", "question", "query") if key in row), None)
    if question and answer:
        return [*earlier, *_side(row[question], "user"), *_side(row[answer], "assistant")], (question, answer, *used)
    raise RowRefusedError('neither "messages" nor "conversations"')


def _chosen(row: Mapping[str, Any], chosen: object) -> tuple[list[dict[str, Any]], tuple[str, ...]]:
    """Return (the messages of the chosen answer with its prompt, the keys that they come from)."""
    if isinstance(chosen, str) and _HUMAN.match(chosen):
        pieces = _HUMAN.split(chosen)[1:]
        return [{"role": role, "content": text} for role, text in zip(pieces[::2], pieces[1::2], strict=True)], (
            "chosen",
        )
    if isinstance(chosen, list) and any(_role(message) == "user" for message in _list(chosen)):
        return _list(chosen), ("chosen",)
    asks = next((key for key in ("prompt", "question", "instruction", "input", "query") if row.get(key)), None)
    if asks is None:
        raise RowRefusedError("no prompt")
    return [*_side(row[asks], "user"), *_side(chosen, "assistant")], (asks, "chosen")


def _history(pairs: list[Any]) -> list[dict[str, Any]]:
    found = []
    for pair in pairs:
        if not isinstance(pair, list) or len(pair) != 2:
            raise RowRefusedError('"history" is not a list of questions with their answers')
        found += [*_side(pair[0], "user"), *_side(pair[1], "assistant")]
    return found


def _instruction(row: Mapping[str, Any]) -> list[dict[str, Any]]:
    from garage_tui.core.facts.formats.pair_rows import write_input

    more = write_input(row.get("input"))
    question = f"{row['instruction']}\n\n{more}" if more else row["instruction"]
    return [*_side(question, "user"), *_side(row.get("output", row.get("response")), "assistant")]


def _side(value: object, role: str) -> list[dict[str, Any]]:
    """Return the messages of one side, which may be one text."""
    decoded = as_messages(value)
    return [{"role": role, "content": value}] if isinstance(decoded, str) else _list(decoded)


def _list(value: object) -> list[dict[str, Any]]:
    decoded = as_messages(value)
    if not isinstance(decoded, list):
        raise RowRefusedError("the messages are not a list")
    if not all(isinstance(message, dict) for message in decoded):
        raise RowRefusedError("a message is not an object")
    return decoded


def as_messages(value: object) -> object:
    """Return a value; of messages that a cell holds as JSON text, the messages."""
    if isinstance(value, str) and value.lstrip().startswith("[") and '"' in value:
        try:
            found = json.loads(value)
        except (ValueError, RecursionError):
            return value
        return found if isinstance(found, list) and found and all(map(is_message, found)) else value
    return value


def _role(message: Mapping[str, Any]) -> str:
    name = str(message.get("role", message.get("from"))).strip().casefold()
    return _ROLES.get(name, "")


def _turn(message: Mapping[str, Any]) -> ChatTurn:
    role = _role(message)
    name = message.get("role", message.get("from"))
    if why := media(message):
        raise RowRefusedError(why)
    if str(name).strip().casefold() in _TOOL_ROLES:
        raise RowRefusedError(f'it calls tools (role "{name}"), which a facts file cannot hold')
    if name is None:
        raise RowRefusedError("a message does not say whose it is: it has no role")
    if not role:
        raise RowRefusedError(f'unknown role "{one_line(str(name), 40)}"')
    excluded = role == "assistant" and any(
        message.get(key) is False or (message.get(key) == 0 and key in message) for key in ("weight", "train", "loss")
    )
    content = next((message[key] for key in ("content", "value", "parts") if key in message), None)
    return ChatTurn(role, _content(content), excluded)


def _content(value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, dict):
        value = [value]
    if not isinstance(value, list):
        raise RowRefusedError("a message is not text")
    texts = []
    for part in value:
        kind = part.get("type", "text") if isinstance(part, dict) else "text" if isinstance(part, str) else "?"
        text = part.get("text") if isinstance(part, dict) else part
        if kind not in ("text", "input_text", "output_text") or not isinstance(text, str):
            kind = one_line(str(kind), 40)
            raise RowRefusedError(f'a message has a part of type "{kind}", which a facts file cannot hold')
        texts.append(text)
    return "".join(texts)
