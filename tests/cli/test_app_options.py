"""Words that only open the app are understood without argparse, and mean what argparse makes of them."""

from __future__ import annotations

import itertools
import subprocess
import sys

import pytest

from garage_tui.__main__ import app_options, parser

PIECES = [
    ["--workspace", "box"],
    ["--workspace=box=1"],
    ["--screen", "gpu"],
    ["--screen=facts"],
    ["--ascii"],
    ["--no-ascii"],
    ["--mouse"],
    ["--no-mouse"],
]


@pytest.mark.parametrize("count", [0, 1, 2, 3])
def test_options_of_the_app_mean_what_argparse_makes_of_them(count):
    whole = parser(())
    for pieces in itertools.permutations(PIECES, count):
        words = list(itertools.chain(*pieces))
        quick = app_options(words)
        assert quick is not None and vars(quick) == vars(whole.parse_args(words)), words


@pytest.mark.parametrize(
    "words",
    [
        ["--help"], ["-h"], ["--version"], ["runs"], ["--workspace"], ["--workspace="], ["--workspace", "--ascii"],
        ["--screen", "nowhere"], ["--screen"], ["--work", "box"], ["--ascii=1"],
        ["--workspace", "box", "runs"], ["box"], [""],
    ],
)  # fmt: skip
def test_everything_else_is_left_to_argparse(words):
    assert app_options(words) is None


def test_the_app_opens_without_argparse():
    script = (
        "import sys, garage_tui.__main__ as m\n"
        "m.app_options(['--screen', 'gpu'])\n"
        "import garage_tui.app.app\nassert 'argparse' not in sys.modules, 'argparse was loaded'"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
