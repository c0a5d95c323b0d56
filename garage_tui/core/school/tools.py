"""What another program may do here over MCP: tell a fact, ask, see what is known, and see how things are.

Nothing here deletes anything or starts a run. Every answer is text for a model or a person, with the same as data.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import msgspec

from garage_tui.core.base.errors import BadInputError, GarageError
from garage_tui.core.base.format import moment
from garage_tui.core.base.sanitize import one_line, plain
from garage_tui.core.base.workspace import Workspace
from garage_tui.core.chat.client import AnswerChunk, AnswerEnd, stream
from garage_tui.core.facts.file import FactsFile, load_facts
from garage_tui.core.facts.line import Fact
from garage_tui.core.facts.retrieval import OpenBook
from garage_tui.core.runs.catalog import list_runs
from garage_tui.core.runs.promotion import describe_service
from garage_tui.core.school.fact_input import read_fact
from garage_tui.core.school.ledger import STATUSES, Ledger, LedgerEntry, read_ledger
from garage_tui.core.school.remember import facts_file, remember
from garage_tui.core.serving.server_process import address
from garage_tui.core.serving.server_state import inspect
from garage_tui.core.settings.settings import Settings, load_settings

MAX_FACTS = 50
"""Most facts of one answer."""
_MAX_RUNS = 10
_START = "start it with `garage serve` in the workspace, or open the chat of the app"


@dataclass(frozen=True)
class ToolAnswer:
    """What a tool answers."""

    text: str
    data: dict[str, Any] = field(default_factory=dict)
    """The same for a program."""


class RememberArguments(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Arguments of `remember`."""

    fact: Annotated[str, msgspec.Meta(description="one sentence, or a question and its answer")] = ""
    question: Annotated[str, msgspec.Meta(description="the question, where it is not in `fact`; needs `answer`")] = ""
    answer: Annotated[str, msgspec.Meta(description="the answer to `question`, in a whole sentence")] = ""


class AskArguments(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Arguments of `ask`."""

    question: Annotated[str, msgspec.Meta(min_length=1, max_length=20_000, description="what the model is asked")]


class KnownArguments(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Arguments of `what_is_known_about`."""

    subject: Annotated[str, msgspec.Meta(max_length=2000, description="a name or a question; empty for all facts")] = ""


class StatusArguments(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Arguments of `status`: none."""


def _remember(workspace: Workspace, settings: Settings, arguments: RememberArguments) -> ToolAnswer:
    fact = read_fact(arguments.fact, arguments.question, arguments.answer, base_model=settings.base_model)
    remembered = remember(facts_file(workspace, settings), fact, "mcp")
    text = " ".join(f"{part}." for part in (remembered.sentence, remembered.warning) if part)
    return ToolAnswer(
        text, {"outcome": remembered.outcome, "file": str(remembered.file), "lines": list(remembered.lines)}
    )


def _ask(workspace: Workspace, settings: Settings, arguments: AskArguments) -> ToolAnswer:
    try:
        server = address(workspace)
    except GarageError as error:
        raise GarageError(f"{error}; {_START}") from error
    name = inspect(workspace).name or settings.serve.name
    messages = [{"role": "user", "content": arguments.question}]

    async def answer() -> tuple[str, AnswerEnd | None]:
        text, end = "", None
        async for part in stream(server, name, messages):
            if isinstance(part, AnswerChunk):
                text += part.text
            else:
                end = part
        return text, end

    text, end = asyncio.run(answer())
    book = list(end.book) if end else []
    return ToolAnswer(text.strip(), {"answered_by": end.answered_by if end else "", "book": book})


def _known(workspace: Workspace, settings: Settings, arguments: KnownArguments) -> ToolAnswer:
    file, ledger = _facts(workspace, settings)
    subject = one_line(arguments.subject, 80)
    found = _about(file, ledger, arguments.subject) if subject else list(ledger.entries)
    about = f" about “{subject}”" if subject else ""
    if not found:
        return ToolAnswer(f"Nothing is known{about}.", {"facts": []})
    shown = found[:MAX_FACTS]
    lines = [_fact_text(entry) for entry in shown]
    if len(found) > len(shown):
        lines.append(f"… and {len(found) - len(shown):,} more: ask about something narrower")
    return ToolAnswer("\n".join(lines), {"facts": [_fact_data(entry) for entry in shown]})


def _status(workspace: Workspace, settings: Settings, arguments: StatusArguments) -> ToolAnswer:
    server, runs, now = inspect(workspace), list_runs(workspace), time.time()
    _, ledger = _facts(workspace, settings)
    counts = {status: ledger.count(status) for status in STATUSES}
    counted = ", ".join(f"{count} {status}" for status, count in counts.items() if count)
    service = describe_service(workspace)
    lines = [
        f"In service as {settings.serve.name}: {service}",
        f"Server: {server.status}" + (f" ({one_line(server.reason, 200)})" if server.reason else ""),
        f"Facts: {counted or 'none'}",
        f"Runs: {len(runs) or 'none'}",
    ]
    for run in runs[:_MAX_RUNS]:
        since = f" since {moment(run.state.created, now)}" if run.state else ""
        lines.append(f"- {run.id}: {run.status}{since}" + (f", {one_line(run.reason, 160)}" if run.reason else ""))
    data = {
        "service": service,
        "server": server.status,
        "facts": counts,
        "runs": [{"id": run.id, "status": run.status, "reason": run.reason} for run in runs[:_MAX_RUNS]],
    }
    return ToolAnswer("\n".join(lines), data)


@dataclass(frozen=True)
class Tool:
    """A tool as MCP offers it."""

    name: str
    description: str
    arguments: type[msgspec.Struct]
    use: Callable[[Workspace, Settings, Any], ToolAnswer]
    writes: bool = False
    """True if it changes a file."""

    @property
    def schema(self) -> dict[str, Any]:
        """The JSON schema of its arguments."""
        (found,) = msgspec.json.schema_components([self.arguments])[1].values()
        return {name: value for name, value in found.items() if name not in ("title", "description")}


TOOLS = (
    Tool(
        "remember",
        "Tell one fact: it is checked and added to the facts file, answered from there at once, and taught to the "
        "model later. Says whether it was added, was there already, or contradicts another; then nothing is written.",
        RememberArguments,
        _remember,
        writes=True,
    ),
    Tool("ask", "Ask the owner's own model, which knows what it was taught and told.", AskArguments, _ask),
    Tool(
        "what_is_known_about",
        "List the facts about a subject, each with its status: learned, in the book (told, not taught yet), waiting, "
        "failed, superseded or removed.",
        KnownArguments,
        _known,
    ),
    Tool(
        "status",
        "Say what is in service, which runs there are, and how many facts are learned.",
        StatusArguments,
        _status,
    ),
)
"""All tools, in the order in which they are offered."""


def use_tool(workspace: Workspace, name: str, arguments: Mapping[str, Any]) -> ToolAnswer:
    """Return the answer of a tool. Blocks: it reads and writes files, and may wait for the model.

    Raises:
        GarageError: there is no such tool, the arguments are wrong, or it cannot be done; the text is a sentence.
    """
    tool = next((tool for tool in TOOLS if tool.name == name), None)
    if tool is None:
        known = ", ".join(tool.name for tool in TOOLS)
        raise BadInputError(f"there is no tool {one_line(name, 60)}: use {known}")
    try:
        checked = msgspec.convert(dict(arguments), tool.arguments)
    except msgspec.ValidationError as error:
        raise BadInputError(f"{tool.name}: {_reason(error)}; it takes {_parameters(tool)}") from error
    return tool.use(workspace, load_settings(workspace), checked)


def _reason(error: msgspec.ValidationError) -> str:
    text, _, where = one_line(str(error), 200).partition(" - at ")
    inner = where.strip("`").removeprefix("$.")
    return f"{inner}: {text[0].lower()}{text[1:]}" if inner else f"{text[0].lower()}{text[1:]}"


def _parameters(tool: Tool) -> str:
    return ", ".join(f"`{name}` (text)" for name in tool.arguments.__struct_fields__) or "no arguments"


def _facts(workspace: Workspace, settings: Settings) -> tuple[FactsFile, Ledger]:
    """Return the facts file and its ledger; both are empty where there are no facts yet."""
    path: Path = facts_file(workspace, settings)
    file = load_facts(path) if path.exists() else FactsFile(path)
    return file, read_ledger(workspace, file)


def _about(file: FactsFile, ledger: Ledger, subject: str) -> list[LedgerEntry]:
    """Return the entries of the facts that a text is about, the best first; past facts are among them."""
    by_line = {number: entry for entry in ledger.entries for number in entry.lines}
    book = OpenBook(file.lines)
    gone = [entry for entry in ledger.entries if not entry.lines]
    try:
        past = dict(enumerate(gone, len(file.lines) + 1))
        book.add({number: _as_row(entry) for number, entry in past.items()})
        hits = book.find(subject, most=MAX_FACTS + 1)
    finally:
        book.close()
    found = (by_line.get(hit.row) or past.get(hit.row) for hit in hits)
    return list(dict.fromkeys(entry for entry in found if entry))


def _as_row(entry: LedgerEntry) -> Fact:
    return Fact(entry.question, entry.content, {"fact": entry.content})


def _fact_text(entry: LedgerEntry) -> str:
    more = f": {entry.reason}" if entry.reason else f" by “{entry.successor}”" if entry.successor else ""
    return f"- {one_line(plain(entry.content), 600)} [{entry.status}{one_line(more, 300)}]"


def _fact_data(entry: LedgerEntry) -> dict[str, Any]:
    return {
        "fact": plain(entry.content),
        "status": entry.status,
        "reason": entry.reason,
        "question": plain(entry.question),
        "lines": list(entry.lines),
        "run": entry.run,
        "superseded_by": entry.successor,
        "source": entry.source,
        "added": entry.added,
    }
