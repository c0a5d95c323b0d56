"""A report card as the dialog shows it: verdict, figures, notes, and one question at a time."""

from __future__ import annotations

import time

from textual.content import Content

from garage_tui.core.base.format import duration, model_label
from garage_tui.core.exam.report import PARTS, ExamQuestion, Part, Report
from garage_tui.core.exam.report_text import BAD, answers, part_of, passes, sign, table, verdict_of
from garage_tui.core.hardware.energy import amount
from garage_tui.core.launch.exam import ExamProcess

CHOICES: tuple[Part | None, ...] = (None, *PARTS)
"""What the questions can be narrowed to; None is all."""
_SHORT = ("all", "trained", "unseen", "unrelated", "other names")
_LABEL = 11
_COLOURS = {"tuned": "$primary", "base": "$secondary"}


def head(card: Report, wide: bool, more: str = "") -> Content:
    """Return the verdict, and below it whether it passes the bar and what was examined; `more` ends that line."""
    made = time.strftime("%Y-%m-%d %H:%M", time.localtime(card.made))
    below = [passes(card) + ("" if card.passed else " where ✗ stands")]
    if wide:
        below += [model_label(card.base_model), f"examined {made} in {duration(card.seconds)}"]
        if card.wh is not None:
            below.append(f"used {amount(card.wh)}")
    if more:
        below.append(more)
    verdict = Content.assemble((f"{sign(card.passed)} ", _colour(card.passed)), (card.verdict, "bold"))
    return Content("\n").join([verdict, Content.styled(f"  {' · '.join(below)}", "$muted")])


def figures(card: Report, width: int) -> Content:
    lines = [Content.styled(line, "$muted") for _, line in table(card, width)[:1]]
    for passed, line in table(card, width)[1:]:
        colour = "" if passed is None else _colour(passed)
        lines.append(Content.assemble((line[:2], colour), line[2:]))
    return Content("\n").join(lines)


def notes(card: Report, width: int) -> Content:
    return Content("\n").join(line for note in card.notes for line in hanging(Content("· "), Content(note), width))


def parts(card: Report, chosen: Part | None, wide: bool) -> Content:
    """Return the line that says which questions are shown; the chosen one is marked by a sign too."""
    found = []
    for place, (part, short) in enumerate(zip(CHOICES, _SHORT, strict=True), 1):
        name = short
        if wide:
            of = sum(part in (None, asked.part) for asked in card.questions)
            name = f"{PARTS[part] if part else short} {of}"
        mark, style = ("▸", "bold $primary") if part == chosen else (" ", "$muted")
        found.append(Content.styled(f"{mark}{place} {name}", style))
    return Content(" ").join(found)


def chosen(card: Report, part: Part | None, only_bad: bool) -> list[ExamQuestion]:
    """Return the questions of a part, the worst first."""
    return [asked for asked in card.questions if part in (None, asked.part) and (not only_bad or asked.verdict in BAD)]


def question(asked: ExamQuestion, place: str, width: int, dense: bool = False) -> Content:
    """Return one question with everybody's answer, wrapped to `width` cells; `place` says which one of how many."""
    drift = "" if asked.drift is None else f" · drift {asked.drift:.2g}"
    verdict = verdict_of(asked)
    lines = [
        Content.styled(f"{place} · {part_of(asked)}{drift}", "$muted"),
        *Content.styled(asked.question, "bold").wrap(width),
        *hanging(Content.styled(verdict[:2], _colour(asked.verdict not in BAD)), Content(verdict[2:]), width),
        *([] if dense else [Content()]),
    ]
    for name, said in answers(asked):
        label = Content.styled(name.ljust(_LABEL), _COLOURS.get(name, "$muted"))
        lines += hanging(label, Content(said), width)
    return Content("\n").join(lines)


def nothing(card: Report, part: Part | None, only_bad: bool) -> Content:
    """Return what stands where no question is left to show."""
    if only_bad and chosen(card, part, False):
        return Content.styled("None of these went wrong: b shows all of them again.", "$muted")
    return Content.styled("No such question was asked.", "$muted")


def without_card(refusal: str) -> Content:
    """Return what stands in the place of a card: why there is none, or how it is made."""
    if refusal:
        return Content(f"No report card: {refusal}.")
    return Content.assemble(
        "This run has no report card yet.\n\nPress ",
        ("a", "bold $primary"),
        " to examine it now: about a minute with a small model. The base and the tuned model are asked what was "
        "taught, in the words of the lessons and in others, and questions that have nothing to do with it.\n\n"
        "The exam goes on when you close this, or the app.",
    )


def going(exam: ExamProcess, now: float) -> list[Content]:
    """Return the sentences of an exam that goes on; with the last one the seconds since it began."""
    said = exam.messages or ("starting",)
    last = f"{said[-1]} · {duration(now - exam.started)}"
    return [*(Content.styled(f"✓ {sentence}", "$muted") for sentence in said[:-1]), Content(f"  {last}")]


def hanging(first: Content, text: Content, width: int) -> list[Content]:
    """Return `text` wrapped beside `first`, which later lines leave room for."""
    room = max(10, width - first.cell_length)
    lines = text.wrap(room)
    return [(Content(" " * first.cell_length) if at else first) + line for at, line in enumerate(lines)]


def _colour(good: bool) -> str:
    return "$success" if good else "$error"
