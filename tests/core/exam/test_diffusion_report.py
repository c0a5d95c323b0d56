"""What the card of a diffusion run says of its figures."""

from __future__ import annotations

import msgspec
import pytest

from garage_tui.__main__ import parser
from garage_tui.core.diffusion.recipe import usual_epochs
from garage_tui.core.exam.diffusion_judgement import MeasuredPictures
from garage_tui.core.exam.diffusion_remedies import DiffusionRemedies, diffusion_remedies
from garage_tui.core.exam.diffusion_report import DiffusionReport, figures
from garage_tui.core.exam.headline import headline
from garage_tui.core.exam.report_markdown import diffusion_markdown


def card(held_out: int) -> DiffusionReport:
    return DiffusionReport(
        verdict="", passed=True, source="moths", epoch=60, step=2400, samples=128, sampler="DDIM, 50 steps", kid=0.2,
        floor=-0.01, blurred=3.0, held_out_loss=0.09, held_out=held_out, copies=0, nearest=25.0, nearest_held_out=21.0,
    )  # fmt: skip


@pytest.mark.parametrize("held_out, few", [(128, ""), (100, ""), (12, " (too few for a reliable figure)")])
def test_kid_of_few_pictures_says_that_it_says_little(held_out, few):
    floor = next(one.explanation for one in figures(card(held_out)) if one.name == "floor")
    assert floor == f"KID of {held_out} real held-out pictures{few}"


@pytest.mark.parametrize(
    ("kid", "copies", "grade", "verdict", "brief"),
    [
        (0.3, 0, "good", "KID 0.30 (real pictures -0.01, target 0.3), no copies", "KID 0.30"),
        (0.41, 0, "near", "KID 0.41 (real pictures -0.01, target 0.3), no copies", "KID 0.41"),
        (0.1, 3, "near", "3 of 128 are copies, KID 0.10 (real pictures -0.01, target 0.3)", "3 copies"),
        (0.41, 4, "bad", "4 of 128 are copies, KID 0.41 (real pictures -0.01, target 0.3)", "4 copies, KID 0.41"),
        (0.61, 1, "bad", "KID 0.61 (real pictures -0.01, target 0.3), 1 of 128 are copies", "KID 0.61, 1 copy"),
    ],
)
def test_the_verdict_begins_with_what_is_farthest_from_its_target(kid, copies, grade, verdict, brief):
    found = MeasuredPictures(kid, -0.01, copies, 128)
    assert (found.grade, found.verdict, found.brief) == (grade, verdict, brief)


def test_a_list_shows_the_grade_also_of_a_card_from_before_cards_had_grades(tmp_path):
    msgspec.structs.replace(card(128), kid=0.41, passed=False, verdict="KID 0.41 (…), no copies").write(tmp_path)
    assert b'"grade": null' in (tmp_path / "report.json").read_bytes()
    found = headline(tmp_path)
    assert found and (found.grade, found.brief_text) == ("near", "~ KID 0.41")


def test_each_figure_with_a_target_has_a_sign_and_says_which_way_is_good():
    lines = {one.name: (one.sign, one.target) for one in figures(msgspec.structs.replace(card(128), kid=0.41))}
    assert lines == {
        "KID": ("~", "↓ ≤ 0.3"), "floor": (" ", ""), "blurred": (" ", ""), "held-out loss": (" ", "↓"),
        "copies": ("✓", "↓ 0"), "nearest": (" ", ""),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "recipe", "remedies"),
    [
        ({}, {"preset": "small", "epochs": 60}, DiffusionRemedies()),
        ({"kid": 0.41}, {"preset": "small", "epochs": 60}, DiffusionRemedies(epochs=90)),
        ({"kid": 2.0}, {"preset": "small", "epochs": 8}, DiffusionRemedies(epochs=60)),
        ({"kid": 2.0}, {"preset": "unknown", "epochs": 8}, DiffusionRemedies(epochs=12)),
        ({"kid": 4.0}, {"preset": "quick", "epochs": 4}, DiffusionRemedies(preset="small")),
        ({"copies": 1}, {"preset": "small", "epochs": 60}, DiffusionRemedies(pictures=True)),
        ({"copies": 9, "kid": 2.0}, {"preset": "quick", "epochs": 4}, DiffusionRemedies(pictures=True)),
        ({"kid": 2.0}, {}, DiffusionRemedies()),
    ],
)
def test_a_card_says_what_to_do(changes, recipe, remedies):
    found = diffusion_remedies(msgspec.structs.replace(card(128), **changes), recipe, usual_epochs(recipe))
    assert found == remedies


def test_each_remedy_is_a_command_that_is_understood():
    for remedies in (DiffusionRemedies(epochs=90), DiffusionRemedies(preset="small"), DiffusionRemedies(pictures=True)):
        (sentence,) = remedies.commands("last")
        command = sentence.rpartition(": garage ")[2].split()
        args = parser(("train.train",)).parse_args(command)
        assert args.like == "last" and (args.epochs, args.preset, args.images) == (
            remedies.epochs, remedies.preset or None, "FOLDER" if remedies.pictures else None,
        )  # fmt: skip


def test_the_card_of_a_diffusion_run_is_a_markdown_document_too():
    text = diffusion_markdown("20261123-2315-diffusion-moths", card(held_out=128), ["longer: garage train …"])
    lines = text.splitlines()
    assert lines[0] == "# Report card of 20261123-2315-diffusion-moths" and lines[2].startswith("**✓ ")
    assert any(line.startswith("| ✓ | copies | 0 of 128 | ↓ 0 | ") for line in lines)
    assert lines[-3:] == ["## What to do", "", "* longer: garage train …"]
