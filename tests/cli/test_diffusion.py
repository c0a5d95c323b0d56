"""Diffusion runs as a shell user meets them: one real run of a tiny size, its card, its sheets, and new samples."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

import msgspec
import pytest
from PIL import Image

from garage_tui.core.images import contact_sheet
from garage_tui.core.runs.folder import MANIFEST, STATE
from garage_tui.core.runs.record import Manifest, RunState, read_run, write_manifest, write_state
from garage_tui.core.settings.settings import Workspace
from garage_tui.core.training.recipe import make_recipe
from tests.support.commands import garage

LORA = "20261101-0900-lora-facts"


@pytest.fixture(scope="session")
def trained(tmp_path_factory):
    """(workspace, what following it said): a real run of two epochs on 40 tiny butterflies."""
    from garage_tui.jobs.diffusion.butterfly.generate import training

    root = tmp_path_factory.mktemp("trained")
    pictures = root / "datasets" / "wings"
    pictures.mkdir(parents=True)
    for number, picture in enumerate(training(40, 24)):
        Image.fromarray(picture).save(pictures / f"{number:02}.png")
    options = ("--images", pictures, "--preset", "quick", "--size", 16, "--epochs", 2, "--batch-size", 12)
    done = garage(Workspace(root), "train", "diffusion", *options)
    assert done.returncode == 0, done.stdout + done.stderr
    return root, done.stdout


@pytest.fixture
def box(trained, tmp_path, workspace):
    """A workspace of one's own with that run, and one that was taught facts."""
    shutil.copytree(trained[0] / "checkpoints", workspace.root / "checkpoints", dirs_exist_ok=True)
    folder = workspace.checkpoints / LORA
    folder.mkdir()
    recipe = msgspec.to_builtins(make_recipe())
    write_manifest(
        folder, Manifest(id=LORA, kind="lora", created=1, recipe=recipe, base={"name": "smollm2-135m"}, dataset={})
    )
    write_state(folder, RunState(state="finished", step=9, total_steps=9, created=1))
    return workspace


@pytest.fixture
def call(box, call):
    """Runs `garage …` in this process, where those runs are."""
    return call


@pytest.fixture
def run(box) -> Path:
    return next(path for path in box.checkpoints.iterdir() if "diffusion" in path.name)


def test_following_it_says_what_it_drew_and_how_to_see_it(trained):
    root, text = trained
    [folder] = (root / "checkpoints").glob("*-diffusion-wings")
    lines = text.splitlines()
    assert lines[0].startswith("about 36 pictures of wings of 16 px × 2 epochs ÷ batch 12 = 6 steps · ")
    assert any(line.startswith("epoch 1: held-out loss ") and line.endswith("samples/epoch-0001.png") for line in lines)
    assert any("images/s" in line and "tokens" not in line for line in lines)
    assert lines[-4].startswith("finished: KID ")
    assert lines[-3:] == [
        f"sheets:  {folder}/samples (epochs 1, 2)",
        f"see one: garage show {folder}/samples/epoch-0002.png",
        f"draw:    garage sample {folder.name} --out FILE.png",
    ]


def test_the_card_is_printed_with_what_each_figure_says(call, run):
    code, text, told = call("report", run.name)
    assert (code, told) == (0, "")
    lines = text.splitlines()
    assert lines[0].startswith("✗ KID ") and lines[1] == "  ✗ misses a target · ↓ low is good", "two epochs are too few"
    assert any(line.startswith("✗ KID ") and "↓ ≤ 0.3" in line for line in lines[2:])
    assert any(line.startswith("  held-out loss ") and "did not learn from" in line for line in lines)
    assert any(line.startswith("✓ copies ") and "0 of 128" in line and "↓ 0" in line for line in lines)
    at = lines.index("What to do:")
    assert lines[at + 1].startswith("  longer: garage train diffusion --like ") or "preset small" in lines[at + 1]
    assert f"{run.name} · wings · 128 pictures by DDPM, 100 steps after epoch 2" in lines
    assert lines[-1] == f"Last sheet: garage show {run}/samples/epoch-0002.png"


def test_json_is_the_document_of_the_file(call, run):
    code, text, _ = call("report", run.name, "--json")
    assert code == 0 and json.loads(text) == json.loads((run / "report.json").read_bytes())


def test_what_its_card_does_not_have_is_one_line(call, run):
    for option, says in (("--again", "its report card is made at its end"), ("--questions", "which has no questions")):
        code, text, told = call("report", run.name, option)
        assert (code, text, len(told.splitlines())) == (2, "", 1) and says in told
    (run / "report.json").write_text("{")
    assert call("report", run.name)[0] == 2
    (run / "report.json").unlink()
    assert "was not evaluated when it finished" in call("report", run.name)[2]
    write_state(run, RunState(state="stopped", reason="by you", created=1))
    told = call("report", run.name)[2]
    assert "(stopped) has no report card: one is made when a run" in told


def test_runs_lists_it_and_json_has_its_sheets(call, run):
    _, text, _ = call("runs")
    assert f"{run.name}  finished" in text and "KID" in text
    rows = {row["id"]: row for row in json.loads(call("runs", "--json")[1])}
    row = rows[run.name]
    assert row["kind"] == "diffusion" and row["pipeline"] == str(run / "pipeline") and row["images_per_s"] > 0
    paths = [str(run / "samples" / f"epoch-000{epoch}.png") for epoch in (1, 2)]
    assert [(sheet["epoch"], sheet["path"]) for sheet in row["sheets"]] == [(1, paths[0]), (2, paths[1])]
    assert rows[LORA]["kind"] == "lora" and "sheets" not in rows[LORA]


def test_its_log_has_the_sheets_too(call, run):
    _, text, _ = call("logs", run.name)
    assert "samples/epoch-0002.png" in text and "images/s" in text


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (
            ("ask", "What is TinyLLM?", "--run", "RUN"),
            "draws pictures and cannot answer questions: draw with `garage sample",
        ),
        (("serve", "RUN"), "draws pictures and cannot answer questions: draw with `garage sample"),
        (("compare", "RUN", LORA), "cannot be compared: one teaches facts, the other one draws"),
        (("train", "lora", "--like", "RUN"), "is a diffusion run, which has no facts"),
        (("train", "diffusion", "--like", LORA), "is a lora run, which has no pictures"),
        (("resume", "RUN"), "has finished; train it again with `garage train diffusion --like"),
        (("sample", LORA, "--out", "x.png"), "has learned facts, so it cannot draw"),
        (("train", "diffusion", "--images", "/no/where"), "no folder /no/where: give procedural, smithsonian, or"),
    ],
)
def test_what_makes_no_sense_for_its_kind_is_one_line(call, run, words, says):
    code, text, told = call(*(run.name if word == "RUN" else word for word in words))
    assert (code, text) == (2, "") and len(told.splitlines()) == 1 and says in told


def test_two_of_them_are_compared(call, run):
    other = run.with_name("20261126-0900-diffusion-other")
    shutil.copytree(run, other)
    manifest = msgspec.json.decode((other / MANIFEST).read_bytes(), type=Manifest)
    recipe = {**manifest.recipe, "epochs": 60}
    write_manifest(other, msgspec.structs.replace(manifest, id=other.name, recipe=recipe))
    report = json.loads((other / "report.json").read_bytes())
    (other / "report.json").write_text(json.dumps({**report, "kid": 0.21, "passed": True}))
    _, text, _ = call("compare", run.name, other.name)
    assert "epochs" in text and "0.210" in text and "✓ meets every target" in text and "base model" not in text


def test_samples_are_drawn_into_a_file_and_a_seed_gives_the_same_ones(box, run, tmp_path):
    for name in ("one.png", "two.png"):
        done = garage(box, "sample", run.name, "-n", 4, "--seed", 7, "--steps", 3, "--out", tmp_path / name)
        assert (done.returncode, done.stdout) == (0, f"{tmp_path / name}\n"), done.stderr
        assert done.stderr == "", "no progress where there is no terminal"
    one, two = (contact_sheet.read(tmp_path / name) for name in ("one.png", "two.png"))
    assert (one[0] == two[0]).all() and one[1].seed == 7 and one[1].count == 4 and one[1].run == run.name


def test_a_file_that_is_there_is_kept_without_force_and_a_pipe_gets_the_picture(box, run, tmp_path):
    mine = tmp_path / "mine.png"
    mine.write_text("mine")
    link = tmp_path / "link.png"
    link.symlink_to(mine)
    draw = partial(garage, box, "sample", run.name, "-n", 1, "--steps", 1, "--out")
    for out, text in ((mine, "already exists: --force replaces it"), (link, "is a link to"), (tmp_path, "is a folder")):
        done = draw(out)
        assert (done.returncode, done.stdout) == (2, "") and text in done.stderr
    assert mine.read_text() == "mine"
    assert draw(mine, "--force").returncode == 0
    assert contact_sheet.read(mine)[1].count == 1
    command = [
        sys.executable,
        "-m",
        "garage_tui",
        "--workspace",
        box.root,
        "sample",
        run.name,
        "-n",
        "1",
        "--steps",
        "1",
        "--out",
        "/dev/stdout",
    ]
    done = subprocess.run(list(map(str, command)), capture_output=True, stdin=subprocess.DEVNULL)
    assert done.returncode == 0 and done.stdout.startswith(b"\x89PNG") and done.stdout.endswith(b"IEND\xaeB`\x82")
    assert not Path("/dev/stdout.png").exists()


def test_json_lines_say_how_far_the_drawing_is(box, run, tmp_path):
    out = tmp_path / "film.png"
    done = garage(box, "sample", run.name, "-n", 2, "--steps", 3, "--film", "--json", "--out", out)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert {"done": 3, "of": 3} in lines
    assert lines[-1] == {"path": str(out), "run": run.name, "seed": 0, "count": 2}
    with Image.open(out) as film:
        assert film.n_frames == 4


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("-n", 65, "--out", "x.png"), "-n 65: give a number from 1 to 64"),
        (("--steps", 0, "--out", "x.png"), "--steps 0: give a number from 1 to 1000"),
        (("--seed", -1, "--out", "x.png"), "--seed -1: give a number from 0 to 4294967295"),
        (("--out", "x.jpg"), "give a name that ends in .png"),
        (("--out", "/no/where/x.png"), "its folder does not exist"),
    ],
)
def test_what_cannot_be_drawn_is_refused_before_a_model_is_loaded(call, run, options, says):
    code, text, told = call("sample", run.name, *options)
    assert (code, text) == (2, "") and says in told and len(told.splitlines()) == 1


def test_a_run_without_a_model_cannot_draw_yet(call, run):
    shutil.rmtree(run / "pipeline")
    for checkpoint in run.glob("checkpoint-*"):
        shutil.rmtree(checkpoint)
    code, _, told = call("sample", run.name, "--out", "x.png")
    assert code == 2 and "has no model to draw with yet: the first checkpoint brings one" in told


def test_control_c_cancels_the_drawing(box, run, tmp_path):
    out = tmp_path / "x.png"
    words = ["sample", run.name, "-n", "64", "--steps", "1000", "--out", str(out), "--json"]
    job = subprocess.Popen(
        [sys.executable, "-c", LISTENS, "--workspace", str(box.root), *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert job.stdout and json.loads(job.stdout.readline())["of"] == 1000
    job.send_signal(signal.SIGINT)
    assert job.wait(20) == 130 and not out.exists()
    found = subprocess.run(["pgrep", "-f", f"jobs.sample {run}"], capture_output=True, text=True).stdout
    assert not found


# Ctrl-C is heard though a shell that starts the tests in the background has its processes ignore it.
LISTENS = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
from garage_tui.__main__ import main
sys.exit(main(sys.argv[1:]))
"""


def test_one_that_works_says_how_fast(call, run):
    import fcntl

    state = msgspec.json.decode((run / STATE).read_bytes(), type=RunState)
    state = msgspec.structs.replace(state, state="running", reason="", images_per_s=271.4, seconds_left=90.0)
    write_state(run, msgspec.structs.replace(state, step=state.total_steps - 1))
    with (run / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert read_run(run).alive
        _, text, _ = call("runs")
        assert "a minute and a half left · 271 images/s" in text
        write_state(run, state)  # all steps are taken: what is left are sheets and card, whose time nobody knows
        assert "left" not in call("runs")[1]
        assert "is training again: this card is from before" in call("report", run.name)[1]
