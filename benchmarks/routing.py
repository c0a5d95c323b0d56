"""Which questions a server that routes by subject gives to the tuned model, counted without any model.

    .venv/bin/python benchmarks/routing.py [FACTS …]

Prints one line for each facts file, by default those of `benchmarks/facts/tune/`: its exam questions, the unrelated
questions of the exam, the guard prompts with the general texts, and questions about similar names. In the first column
many should be routed to the tuned model, in the others none. What is lost of the first is listed below.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from garage_tui.core.facts.file import load_facts
from garage_tui.core.rewording import builtin_prompts
from garage_tui.core.rewording.similar_names import neighbour_questions
from garage_tui.core.routing.subject_matcher import SubjectMatcher
from garage_tui.core.routing.subjects import find_subjects

TUNE = Path(__file__).parent / "facts" / "tune"
SIMILAR_NAMES = 40


def main() -> None:
    files = [Path(name) for name in sys.argv[1:]] or sorted(TUNE.glob("*.jsonl"))
    print(f"{'file':24}{'exam':>12}{'unrelated':>12}{'guards':>12}{'names':>12}")
    lost: list[str] = []
    for file in files:
        rows = load_facts(file)
        subjects = find_subjects(rows.training)
        matcher = SubjectMatcher(subjects)
        exam = [row.question for row in rows.facts if row.exam]
        unrelated = [prompt.question for prompt in builtin_prompts.unrelated_questions()]
        guards = [prompt.question for prompt in builtin_prompts.guard_prompts()]
        texts = [prompt.text for prompt in builtin_prompts.perplexity_texts()]
        names = neighbour_questions(rows.training, SIMILAR_NAMES, training=False)
        cells = [_share(matcher, asked) for asked in (exam, unrelated, [*guards, *texts], names)]
        print(f"{file.stem:24}" + "".join(f"{cell:>12}" for cell in cells), subjects.gap)
        lost += [f"{file.stem}: {question}" for question in exam if not matcher.find([question])]
    print("\n".join(["", "lost:", *(lost or ["nothing"])]))


def _share(matcher: SubjectMatcher, questions: Sequence[str]) -> str:
    return f"{sum(bool(matcher.find([question])) for question in questions)} of {len(questions)}"


if __name__ == "__main__":
    main()
