"""What the card of a diffusion run says of its figures."""

from __future__ import annotations

import pytest

from garage_tui.core.exam.diffusion_report import DiffusionReport, table, verdict_text
from garage_tui.core.exam.report_markdown import diffusion_markdown


def card(held_out: int) -> DiffusionReport:
    return DiffusionReport(
        verdict="", passed=True, source="moths", epoch=60, step=2400, samples=128, sampler="DDIM, 50 steps", kid=0.2,
        floor=-0.01, blurred=3.0, held_out_loss=0.09, held_out=held_out, copies=0, nearest=25.0, nearest_held_out=21.0,
    )  # fmt: skip


@pytest.mark.parametrize("held_out, said", [(128, ""), (100, ""), (12, " (too few for a reliable figure)")])
def test_kid_of_few_pictures_says_that_it_says_little(held_out, said):
    floor = next(words for name, _, words in table(card(held_out)) if name.strip() == "floor")
    assert floor == f"KID of {held_out} real held-out pictures{said}"


@pytest.mark.parametrize("kid, copies, passed", [(0.3, 0, True), (0.31, 0, False), (0.1, 1, False)])
def test_the_bar_is_passed_by_likeness_without_copies(kid, copies, passed):
    words, passes = verdict_text(kid, -0.01, copies, 128)
    assert passes is passed
    assert ("no copies" in words) is (copies == 0)


def test_the_card_of_a_diffusion_run_is_a_markdown_document_too():
    text = diffusion_markdown("20261123-2315-diffusion-moths", card(held_out=128))
    lines = text.splitlines()
    assert lines[0] == "# Report card of 20261123-2315-diffusion-moths" and lines[2].startswith("**")
    assert any(line.startswith("| copies | ") for line in lines)
