"""The texts of the report card dialog: verdict, figures, notes, and one question at a time."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content

from garage_tui.core.base.format import duration, model_label
from garage_tui.core.documents.row_origin import RowOrigin
from garage_tui.core.exam.remedies import Remedies
from garage_tui.core.exam.report import PARTS, ExamQuestion, Part, Report
from garage_tui.core.exam.report_table import WIDE, table
from garage_tui.core.exam.report_text import (
    BAD,
    answers,
    examined_text,
    grade_of,
    part_text,
    result_text,
    verdict_text,
)
from garage_tui.core.hardware.energy import format_wh
from garage_tui.core.launch.exam_process import ExamProcess
from garage_tui.core.runs.grades import SIGNS
from garage_tui.screens.common.run_text import GRADE_COLOURS

_CHOICES: tuple[Part | None, ...] = (None, *PARTS)
_SHORT = ("all", "trained", "unseen", "unrelated", "similar names", "tasks")
_LABEL = 11
_COLOURS = {"tuned": "$primary", "base": "$secondary"}


def head(card: Report, width: int, more: str = "", remedies: Remedies | None = None) -> Content:
    """Return the verdict, whether it meets the targets and what was examined, and what to do about it.

    Args:
        more: ends the line about the targets.
    """
    below = [result_text(card)]
    if width >= WIDE:
        below += [model_label(card.base_model), examined_text(card)]
        if card.wh is not None:
            below.append(f"used {format_wh(card.wh)}")
    if more:
        below.append(more)
    grade = grade_of(card)
    mark = Content.styled(f"{SIGNS[grade]} ", f"bold {GRADE_COLOURS[grade]}")
    verdict = hanging(mark, Content.styled(card.verdict, f"bold {GRADE_COLOURS[grade]}"), width)
    lines = [*verdict, Content.styled(f"  {' · '.join(below)}", "$muted")]
    if remedies:
        lines += hanging(Content("  "), remedy_keys(remedies), width)
    return Content("\n").join(lines)


def remedy_keys(remedies: Remedies) -> Content:
    """Return what to do about a card, each with its key in the dialog."""
    found = []
    if remedies.preset:
        found.append(("c", f"preset {remedies.preset}"))
    if remedies.epochs:
        found.append(("y", f"longer ({remedies.epochs:g} epochs)"))
    if remedies.wordings:
        found.append(("a", remedies.wordings_text))
    return keys_line(found)


def keys_line(found: Sequence[tuple[str, str]]) -> Content:
    """Return (key, what it does) of each remedy as a line: `to do: y longer (90 epochs)`."""
    parts = [Content.assemble((key, "bold $primary"), f" {text}") for key, text in found]
    return Content.assemble(("to do: ", "$muted"), Content.styled(" · ", "$muted").join(parts))


def figures(card: Report, width: int) -> Content:
    lines = [Content.styled(line, "$muted") for _, line in table(card, width)[:1]]
    for grade, line in table(card, width)[1:]:
        colour = GRADE_COLOURS[grade] if grade else ""
        lines.append(Content.assemble((line[:2], colour), line[2:]))
    return Content("\n").join(lines)


def notes(card: Report, width: int) -> Content:
    return Content("\n").join(line for note in card.notes for line in hanging(Content("· "), Content(note), width))


def choices(card: Report | None) -> tuple[Part | None, ...]:
    """Return the parts that can be chosen, in the order of their keys; None means all questions."""
    return _CHOICES if card and card.tasks else _CHOICES[:-1]


def parts(card: Report, chosen: Part | None, wide: bool) -> Content:
    """Return the line that says which questions are shown; the chosen one is marked by a sign too."""
    found = []
    for key, (part, short) in enumerate(zip(choices(card), _SHORT, strict=False), 1):
        name = short
        if wide:
            count = sum(part in (None, question.part) for question in card.questions)
            name = f"{PARTS[part] if part and not card.tasks else short} {count}"
        mark, style = ("▸", "bold $primary") if part == chosen else (" ", "$muted")
        found.append(Content.styled(f"{mark}{key} {name}", style))
    return Content(" ").join(found)


def chosen(card: Report, part: Part | None, only_bad: bool) -> list[ExamQuestion]:
    """Return the questions of a part, the worst first."""
    return [one for one in card.questions if part in (None, one.part) and (not only_bad or one.verdict in BAD)]


def question_text(
    question: ExamQuestion, position: str, width: int, dense: bool = False, origin: RowOrigin | None = None
) -> Content:
    """Return one question with the answer of each model, wrapped to `width` cells.

    Args:
        position: which one of how many it is.
        dense: leave out the empty line above the answers.
        origin: the sentence of a document that its fact came from.
    """
    drift = "" if question.drift is None else f" · drift {question.drift:.2g}"
    verdict = verdict_text(question)
    lines = [
        Content.styled(f"{position} · {part_text(question)}{drift}", "$muted"),
        *Content.styled(question.question, "bold").wrap(width),
        *hanging(Content.styled(verdict[:2], _colour(question.verdict not in BAD)), Content(verdict[2:]), width),
        *([] if dense else [Content()]),
    ]
    for name, answer in answers(question):
        label = Content.styled(name.ljust(_LABEL), _COLOURS.get(name, "$muted"))
        lines += hanging(label, Content(answer), width)
    if origin:
        lines += Content.styled(origin.text, "$muted").wrap(width)
    return Content("\n").join(lines)


def empty_text(card: Report, part: Part | None, only_bad: bool) -> Content:
    """Return the text that is shown where no question is left."""
    if only_bad and chosen(card, part, False):
        return Content.styled("All of these were answered well: press b to show them.", "$muted")
    return Content.styled("The exam had no such question.", "$muted")


def without_card(refusal: str) -> Content:
    """Return the text that is shown without a card: why there is none, or how to make one."""
    if refusal:
        return Content(f"No report card: {refusal}.")
    return Content.assemble(
        "This run has no report card yet.\n\nPress ",
        ("e", "bold $primary"),
        " to examine the run now; with a small model this takes about a minute. The base and the tuned model are asked "
        "the taught questions, the same questions in other words, and unrelated questions.\n\n"
        "The exam continues when you close this dialog or the app.",
    )


def exam_progress(exam: ExamProcess, now: float) -> list[Content]:
    """Return the steps of an exam in progress, the last one with the time since the exam began."""
    *done, current = exam.messages or ("starting",)
    current = f"{current} · {duration(now - exam.started)}"
    return [*(Content.styled(f"✓ {step}", "$muted") for step in done), Content(f"  {current}")]


def hanging(first: Content, text: Content, width: int) -> list[Content]:
    """Return `text` wrapped beside `first`, with later lines indented by its width."""
    lines = text.wrap(max(10, width - first.cell_length))
    return [(Content(" " * first.cell_length) if row else first) + line for row, line in enumerate(lines)]


def _colour(good: bool) -> str:
    return "$success" if good else "$error"
