"""The judgement of drawn pictures: a grade for their likeness and for copies, and a verdict with the worst first."""

from __future__ import annotations

from dataclasses import dataclass

from garage_tui.core.base.format import plural
from garage_tui.core.exam.judgement import GradedFigure
from garage_tui.core.runs.grades import KID, Grade, grade_copies, grade_kid, rank, worst


@dataclass(frozen=True)
class MeasuredPictures:
    """The figures that the verdict of a diffusion run depends on.

    Args:
        kid: of its pictures against the training pictures.
        floor: KID of real held-out pictures.
        copies: how many of the `samples` pictures are copies.
    """

    kid: float
    floor: float
    copies: int
    samples: int

    @property
    def figures(self) -> list[GradedFigure]:
        """The figures that the verdict names, the worst first."""
        likeness = f"KID {self.kid:.2f} (real pictures {self.floor:.2f}, target {KID:g})"
        copied = f"{self.copies} of {self.samples} are copies" if self.copies else "no copies"
        found = [
            GradedFigure(grade_kid(self.kid), likeness, f"KID {self.kid:.2f}"),
            GradedFigure(self.copies_grade, copied, plural(self.copies, "copy", "copies")),
        ]
        return sorted(found, key=lambda figure: rank(figure.grade))

    @property
    def copies_grade(self) -> Grade:
        return grade_copies(self.copies / self.samples if self.samples else 0.0)

    @property
    def grade(self) -> Grade:
        """The worst grade of the figures."""
        return worst(figure.grade for figure in self.figures)

    @property
    def verdict(self) -> str:
        """The figures as one line."""
        return ", ".join(figure.text for figure in self.figures)

    @property
    def brief(self) -> str:
        """What is wrong in a few words, the worst first; the likeness where nothing is."""
        bad = [figure.brief for figure in self.figures if figure.grade != "good"]
        return ", ".join(bad) or self.figures[0].brief
