"""`garage images`: what a run would learn from, seen before it starts."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from garage_tui.core.images import contact_sheet

GARAGE = [sys.executable, "-m", "garage_tui", "images"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Twenty pictures and some files that are none."""
    folder = tmp_path / "wings"
    folder.mkdir()
    for number in range(20):
        picture = np.random.default_rng(number).integers(0, 256, (40, 60, 3), np.uint8)
        Image.fromarray(picture).save(folder / f"{number:02}.png")
    for number in range(5):
        (folder / f"note {number}.txt").write_text("no picture")
    Image.new("RGB", (4, 4)).save(folder / "dot\x1b]0;gotcha\x07.png")
    return folder


def images(tmp_path: Path, *words: object) -> subprocess.CompletedProcess[str]:
    command = [*GARAGE, *map(str, words)]
    env = os.environ | {"GARAGE_CACHE": str(tmp_path / "cache")}
    return subprocess.run(command, capture_output=True, text=True, env=env, stdin=subprocess.DEVNULL)


def test_it_says_how_many_there_are_and_what_is_left_out_and_why(folder: Path, tmp_path: Path) -> None:
    done = images(tmp_path, folder, "--out", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    held_out = int(lines[0].split(" held out")[0].rsplit(" ", 1)[1])
    assert lines == [
        f"{20 - held_out} pictures to learn from, {held_out} held out · wings · 32 × 32 px",
        "6 left out:",
        "  5 not pictures",
        *(f"    note {n}.txt is not a picture that can be used: only PNG, JPEG, GIF, WEBP, BMP, PPM" for n in range(3)),
        "    and 2 more",
        "  1 too small",
        "    dot.png is too small: 4 × 4 pixels, and its shorter side has to be 16 at least",
        f"some of them, as the model sees them  {tmp_path}/out/data.png",
        f"one of them, turning to noise         {tmp_path}/out/noise.png",
    ]


def test_sheets_that_are_there_are_kept_without_force(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "noise.png").write_text("mine")
    done = images(tmp_path, folder, "--out", out)
    assert (done.returncode, done.stdout) == (2, "") and "noise.png already exists: --force replaces it" in done.stderr
    assert [path.name for path in out.iterdir()] == ["noise.png"] and (out / "noise.png").read_text() == "mine"
    assert images(tmp_path, folder, "--out", out, "--force").returncode == 0
    assert sorted(path.name for path in out.iterdir()) == ["data.png", "noise.png"]
    assert (out / "noise.png").read_bytes().startswith(b"\x89PNG")
    done = images(tmp_path, folder, "--out", out / "noise.png")
    assert done.returncode == 2 and "give the name of a folder" in done.stderr


def test_the_sheets_show_what_is_asked_for(folder: Path, tmp_path: Path) -> None:
    done = images(tmp_path, folder, "--size", 16, "--fit", "fit", "--seed", 3, "--json")
    found = json.loads(done.stdout)
    assert (found["size"], found["fit"], found["seed"], found["source"]) == (16, "fit", 3, str(folder))
    assert [out["name"] for out in found["left_out"]] == ["dot.png", *(f"note {n}.txt" for n in range(5))]
    assert Path(found["data"]).parent == tmp_path / "cache" / "images" / "preview"
    data, noise = contact_sheet.read_metadata(Path(found["data"])), contact_sheet.read_metadata(Path(found["noise"]))
    assert (data.kind, data.count, data.size) == ("data", 16, 16)
    assert (noise.kind, noise.columns, noise.notes[0], noise.notes[-1]) == ("noise", 8, "t = 0", "t = 999")


def test_both_sheets_can_be_shown_at_once(folder: Path, tmp_path: Path) -> None:
    shown = images(tmp_path, folder, "--show").stdout.splitlines()[11:]
    assert set("".join(shown)) <= set(" .:-=+*#%@")
    assert len(shown) > 20


def test_without_a_word_it_is_the_procedural_butterflies(tmp_path: Path) -> None:
    done = images(tmp_path, "--size", 8)
    assert done.stdout.startswith("1,000 pictures to learn from, 128 held out · procedural butterflies · 8 × 8 px\n")
    assert done.stderr.startswith("drawing 1,128 butterflies at 8 px")


def test_what_is_wrong_is_one_line_and_exits_with_2_and_what_is_not_here_with_1(folder: Path, tmp_path: Path) -> None:
    for words, code, said in (
        (["no\x1b[31mwhere"], 2, "nowhere: no folder; give `procedural`, `smithsonian`, or a folder of pictures"),
        ([tmp_path / "empty"], 2, "has no usable pictures, but at least 10 are needed"),
        (["--size", 5], 2, "5 px: pictures to learn from are 8 to 1024 px wide and high"),
        ([folder, "--seed", -1], 2, "seed -1: give 0 or more"),
        ([folder, "--out", "/dev/null/there"], 1, "/dev/null/there cannot be written: Not a directory"),
        (["smithsonian"], 1, "is not on this machine, and HF_HUB_OFFLINE is set: try again later, or use `procedural`"),
    ):
        (tmp_path / "empty").mkdir(exist_ok=True)
        done = images(tmp_path, *words)
        assert (done.returncode, done.stdout) == (code, "")
        assert done.stderr.startswith("garage: ") and said in done.stderr
        assert len(done.stderr.splitlines()) == 1 and done.stderr.strip().isprintable()


def test_ctrl_c_ends_it_and_whatever_draws_for_it(tmp_path: Path) -> None:
    asked = subprocess.Popen(
        [*GARAGE, "--size", "256"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        env=os.environ | {"GARAGE_CACHE": str(tmp_path)},
        # A shell that starts the tests in the background has them ignore SIGINT, and children inherit that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    assert asked.stderr.readline().startswith(b"drawing 1,128 butterflies at 256 px")
    time.sleep(1)
    os.killpg(asked.pid, signal.SIGINT)
    said, complaints = asked.communicate()  # ends only when all that hold the pipe have ended
    others = [line for line in complaints.splitlines() if not line.startswith(b"drawing 1,128 butterflies")]
    assert (asked.returncode, said, others) == (130, b"", [])
