"""The gate: whether a run may replace what is in service, by its report card and by paired answers.

A mean lets through what it should stop: a model that answers one new fact more and has lost an old one, or one that
answers everything with what it was taught. So the gate looks at each fact by itself, and at what must not change.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from garage_tui.core.base.format import plural
from garage_tui.core.base.sanitize import one_line
from garage_tui.core.exam.judgement import names_learned
from garage_tui.core.exam.paired_answers import PairedAnswer, PairedAnswers
from garage_tui.core.exam.report import Report
from garage_tui.core.language.fold import fold
from garage_tui.core.runs.grades import DRIFT, UNCHANGED, Grade, grade_drift, grade_leak, grade_unchanged, rank

_SHOWN = 120
"""Most characters of a fact in a reason."""
_CAREFUL = "Train with the preset careful: garage train lora --preset careful."


@dataclass(frozen=True)
class Refusal:
    """One reason why a run may not be put in service."""

    text: str
    """The reason, as the beginning of a sentence."""
    remedy: str
    """What to do, as a sentence of its own."""


@dataclass(frozen=True)
class Decision:
    """What the gate found."""

    learned: tuple[str, ...]
    """Facts that the candidate answers and that the run in service does not."""
    kept: tuple[str, ...]
    """Facts that both answer."""
    failed: dict[str, str]
    """Facts that the candidate does not answer and that were not answered before; with the reason."""
    refusals: tuple[Refusal, ...]
    noise: int
    """Answers that were correct only one of two times."""

    @property
    def passed(self) -> bool:
        return not self.refusals


def decide(
    card: Report,
    paired: PairedAnswers,
    served_card: Report | None,
    unlearns: int = 0,
    *,
    forgets: Refusal | None = None,
    routed: bool = False,
) -> Decision:
    """Return whether a run may be put in service.

    Six things refuse it: a fact that is answered now and would not be any more, a fact that it was not taught although
    nobody removed it, a taught fact in an unrelated answer, similar names that are mixed up, drift, and that it has
    nothing new. The leaks, names and drift may be as bad as those of what is in service, not worse. Where the server
    routes by subject, and as served nothing leaks and no name is mixed up, they may be near their targets: the base
    model gives those answers.

    A fact is answered if all of its unseen questions are answered correctly, or all of its trained ones where it has
    no others. It is lost only if the run in service answers it both times and the candidate neither time: what
    differs between two askings of one model is noise.

    Args:
        card: of the candidate.
        paired: answers of the candidate and of the run in service to the candidate's questions.
        served_card: of the run in service; None while it is the base model, or where it has none.
        unlearns: facts that the run in service was taught and that the candidate was not.
        forgets: why that must not be; None if their owner removed them.
        routed: the server gives only questions that name a taught subject to the run in service.
    """
    by_fact: dict[str, list[PairedAnswer]] = {}
    for one in paired.answers:
        by_fact.setdefault(fold(one.fact), []).append(one)
    on_card = names_learned(card.questions)
    learned, kept, failed, lost = [], [], {}, []
    for key, answers in by_fact.items():
        name = answers[0].fact
        now = [_is_answered(answers, "candidate", time) for time in (0, 1)]
        before = [_is_answered(answers, "served", time) for time in (0, 1)]
        if all(before) and not any(now):
            lost.append(_lost(name, answers))
        elif any(now) and any(before):
            kept.append(name)
        elif all(now) and key in on_card:
            learned.append(name)
        else:
            failed[name] = _why(answers)
    refusals = [*([forgets] if forgets else []), *lost, *_side_effects(card, served_card, routed)]
    if not refusals and not learned and not unlearns:
        name, why = next(iter(failed.items()), ("", "nothing was new"))
        shown = f"“{one_line(name, _SHOWN)}”: {why}" if name else why
        refusals = [Refusal(f"it learned no new fact; {shown}", "Give the new facts one or two more questions.")]
    return Decision(tuple(learned), tuple(kept), failed, tuple(refusals), paired.noise)


def _is_answered(answers: Sequence[PairedAnswer], model: str, time: int) -> bool:
    unseen = [one for one in answers if one.part == "unseen"]
    return all(getattr(one, model)[time] for one in unseen or answers)


def _lost(name: str, answers: Sequence[PairedAnswer]) -> Refusal:
    wrong = next(one for one in answers if not one.candidate[0])
    return Refusal(
        f"it would forget “{one_line(name, _SHOWN)}”: asked “{one_line(wrong.question, _SHOWN)}” it says "
        f"“{one_line(wrong.candidate_text, _SHOWN)}”",
        "Give that fact one or two more questions; the next night teaches all facts again.",
    )


def _why(answers: Sequence[PairedAnswer]) -> str:
    wrong = [one for one in answers if not all(one.candidate)]
    if not wrong:
        return "its report card and the second asking disagree"
    one = next((one for one in wrong if one.part == "unseen"), wrong[0])
    return f"asked “{one_line(one.question, _SHOWN)}” it says “{one_line(one.candidate_text, _SHOWN)}”"


def _side_effects(card: Report, served: Report | None, routed: bool) -> list[Refusal]:
    """Return the reasons that lie in answers to what was not taught."""
    found = []
    least: Grade = "near" if routed and _is_clean_as_served(card) else "good"
    leaks = card.leak.hits > (served.leak.hits if served else 0)
    if leaks and rank(grade_leak(card.leak.share)) < rank(least):
        example = next((one for one in card.questions if one.part == "unrelated" and one.verdict == "leak"), None)
        shown = f", for example “{one_line(example.question, _SHOWN)}”: {one_line(example.why, 80)}" if example else ""
        found.append(f"it answers {card.leak.text} unrelated questions with taught facts{shown}")
    before = grade_unchanged(served.neighbours.share) if served and served.neighbours.of else "good"
    if card.neighbours.of and _is_worse(grade_unchanged(card.neighbours.share), before, least):
        found.append(f"it keeps {card.neighbours.text} similar names apart, and the target is {UNCHANGED:.0%}")
    if _is_worse(grade_drift(card.drift), grade_drift(served.drift) if served else "good", least):
        found.append(f"its other answers have drifted by {card.drift:.3f} nats per token, and the target is {DRIFT:g}")
    return [Refusal(text, _CAREFUL) for text in found]


def _is_clean_as_served(card: Report) -> bool:
    """Return whether what people ask about other things is answered as by the base model, where the server routes."""
    served = card.served
    if served is None or served.leak.hits:
        return False
    return not served.neighbours.of or grade_unchanged(served.neighbours.share) == "good"


def _is_worse(grade: Grade, served: Grade, least: Grade) -> bool:
    """Return whether a grade is below that of what is in service, and below the least that is enough."""
    return rank(grade) < min(rank(served), rank(least))


def refused_for(refusal: Refusal) -> Decision:
    """Return the decision that nothing is trained, because no run could pass."""
    return Decision((), (), {}, (refusal,), 0)


def describe(decision: Decision, left_out: int = 0) -> str:
    """Return the decision in one sentence, for the morning.

    Args:
        left_out: facts and lines that were not taught.
    """
    if not decision.passed:
        more = len(decision.refusals) - 1
        others = f" (and {plural(more, 'more reason')})" if more else ""
        return f"Refused: {decision.refusals[0].text}{others}. {decision.refusals[0].remedy}"
    parts = [f"learned {plural(len(decision.learned), 'new fact')}"]
    if decision.kept:
        parts.append(f"kept {len(decision.kept)}")
    if decision.failed:
        parts.append(f"{len(decision.failed)} not learned yet")
    if left_out:
        parts.append(f"{left_out:,} not taught")
    return f"{', '.join(parts).capitalize()}."
