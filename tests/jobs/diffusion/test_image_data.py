"""The pictures of a run, wherever they come from; without a network it says what else there is, and soon."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from garage_tui.core.base.errors import BadInputError, GarageError
from garage_tui.core.base.phase import without_counts
from garage_tui.core.images import contact_sheet
from garage_tui.jobs.diffusion import butterfly_cache, image_data
from garage_tui.jobs.diffusion.butterfly import generate
from garage_tui.jobs.diffusion.hub_images import BUTTERFLIES
from tests.support.jobs.fake_hub import hub

COLUMNS = (
    "image_url image_alt id name scientific_name gender taxonomy region locality date usnm_no guid edan_url source "
    "stage image image_hash sim_score"
).split()
"""Those of the Smithsonian butterflies on the Hub."""


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GARAGE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "images"


@pytest.fixture(scope="module")
def smithsonian(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small data set of the same kind: twenty butterflies, one damaged, one twice and one that is not there."""
    import datasets

    def encoded(picture: np.ndarray) -> bytes:
        data = io.BytesIO()
        Image.fromarray(picture).resize((90, 60)).save(data, "JPEG")
        return data.getvalue()

    pictures: list[bytes | None] = [encoded(picture) for picture in generate.training(20, 64)]
    pictures += [pictures[0][:500], pictures[1], None]
    rows = {name: [f"{name} {number}" for number in range(len(pictures))] for name in COLUMNS}
    rows["image"] = [data and {"bytes": data, "path": None} for data in pictures]
    rows["sim_score"] = [0.5 for _ in pictures]
    kinds = {"image": datasets.Image(), "sim_score": datasets.Value("float64")}
    features = datasets.Features({name: kinds.get(name, datasets.Value("string")) for name in COLUMNS})
    folder = tmp_path_factory.mktemp("smithsonian")
    (folder / "data").mkdir()
    made = datasets.Dataset.from_dict(rows, features=features)
    made.to_parquet(folder / "data" / "train-00000-of-00001.parquet")
    (folder / "README.md").write_text("---\nlicense: cc0-1.0\n---\n")
    return folder


def digest(found: image_data.ImageData) -> str:
    return hashlib.sha256(found.train.tobytes() + found.held_out.tobytes()).hexdigest()


class TestProcedural:
    def test_they_are_the_drawn_butterflies_and_are_called_procedural(self) -> None:
        found = image_data.load("procedural", 16, count=100, seed=3)
        assert np.array_equal(found.train, generate.training(100, 16, 3))
        assert np.array_equal(found.held_out, generate.held_out(12, 16, 3))
        assert (found.source, found.label, found.left_out) == ("procedural", "procedural butterflies", ())
        assert found.sha256 == digest(found)

    def test_a_thousand_are_learned_from_and_128_held_out(self) -> None:
        found = image_data.load("procedural", 8)
        assert (found.train.shape, found.held_out.shape) == ((1000, 8, 8, 3), (128, 8, 8, 3))

    def test_they_are_drawn_once(self, cache: Path) -> None:
        said: list[str] = []
        first = image_data.load("procedural", 16, count=20, say=without_counts(said.append))
        again = image_data.load("procedural", 16, count=20, say=without_counts(said.append))
        assert said == ["drawing 22 butterflies at 16 px"]
        assert first.sha256 == again.sha256
        image_data.load("procedural", 16, count=20, seed=1, say=without_counts(said.append))
        assert len(said) == 2 and len(list(cache.glob("*.npy"))) == 2

    def test_they_are_drawn_anew_where_the_drawing_has_changed_or_the_file_is_damaged(self, cache, monkeypatch) -> None:
        said: list[str] = []
        first = image_data.load("procedural", 16, count=20, say=without_counts(said.append))
        (kept,) = cache.glob("*.npy")
        for damage in (kept.read_bytes()[:-1], b"", b"\x93NUMPY nonsense"):
            kept.write_bytes(damage)
            assert image_data.load("procedural", 16, count=20, say=without_counts(said.append)).sha256 == first.sha256
        assert len(said) == 4
        monkeypatch.setattr(np, "__version__", "99.0")
        image_data.load("procedural", 16, count=20, say=without_counts(said.append))
        assert len(said) == 5

    def test_the_cache_keeps_few_sets_and_needs_not_be_there(self, cache, monkeypatch) -> None:
        monkeypatch.setattr(butterfly_cache, "MAX_CACHED", 2)
        for seed in range(4):
            image_data.load("procedural", 8, count=2, seed=seed)
            time.sleep(0.01)
        assert sorted("seed2" in file.name or "seed3" in file.name for file in cache.glob("*.npy")) == [True, True]
        monkeypatch.setenv("GARAGE_CACHE", "/dev/null")
        said: list[str] = []
        assert len(image_data.load("procedural", 8, count=2, say=without_counts(said.append)).train) == 2
        assert said[-1].startswith("the drawn pictures could not be cached: /dev/null/images/procedural-2-")


class TestSmithsonian:
    def test_they_are_read_as_carefully_as_those_of_a_folder(self, smithsonian: Path) -> None:
        found = image_data.load("smithsonian", 32, where=smithsonian)
        assert len(found.train) + len(found.held_out) == 20
        assert len(found.held_out) >= 1
        assert (found.source, found.label) == ("smithsonian", "Smithsonian butterflies (CC0)")
        assert found.sha256 == digest(found)
        named = {out.name: f"{out.why}: {out.reason}" for out in found.left_out}
        assert named.pop("picture 20 (id 20)").startswith("damaged: is damaged: ")
        assert named == {
            "picture 21 (id 21)": "duplicate: is the same picture as picture 1 (id 1)",
            "picture 22 (id 22)": "no picture: is empty",
        }

    def test_they_can_be_cropped_or_fitted(self, smithsonian: Path) -> None:
        crop, fit = (image_data.load("smithsonian", 32, fit=fit, where=smithsonian) for fit in ("crop", "fit"))
        assert crop.train.shape == fit.train.shape
        assert crop.sha256 != fit.sha256

    def test_offline_it_says_what_else_there_is(self) -> None:
        with pytest.raises(GarageError) as raised:
            image_data.load("smithsonian", 32)  # HF_HUB_OFFLINE is set for all tests
        assert str(raised.value) == (
            f"{BUTTERFLIES} is not on this machine, and HF_HUB_OFFLINE is set: try again later, or use `procedural`, "
            "or a folder of pictures"
        )

    def test_another_data_set_is_none(self, tmp_path: Path) -> None:
        with pytest.raises(GarageError, match="is not a data set: "):
            image_data.load("smithsonian", 32, where=tmp_path)


class TestHub:
    """With another address for the Hub: what is read once by `datasets` is read again without it."""

    def preview(self, endpoint: str, home: Path) -> tuple[dict[str, object], str]:
        options = ["--images=smithsonian", "--size=32", f"--out={home / 'sheets'}"]
        done = subprocess.run(
            [sys.executable, "-m", "garage_tui.jobs.diffusion.preview", *options],
            capture_output=True,
            env=os.environ | {"HF_ENDPOINT": endpoint, "HF_HUB_OFFLINE": "0", "HF_HOME": str(home)},
        )
        return json.loads(done.stdout), done.stderr.decode()

    def test_what_was_fetched_is_there_when_the_hub_is_gone(self, smithsonian: Path, tmp_path: Path) -> None:
        with hub(smithsonian, BUTTERFLIES) as endpoint:
            found, said = self.preview(endpoint, tmp_path)
        assert found["train"] + found["held_out"] == 20
        assert said.startswith("contacting the Hub\nfetching huggan/smithsonian_butterflies_subset: ")
        again, said = self.preview(endpoint, tmp_path)
        assert again == found
        assert "the Hub does not answer (ConnectError); using the cached data set\n" in said

    def test_a_hub_that_is_silent_is_asked_once(self, tmp_path: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as silent:
            found, said = self.preview(f"http://127.0.0.1:{silent.getsockname()[1]}", tmp_path)
            silent.setblocking(False)
            asked = []
            with contextlib.suppress(BlockingIOError):
                while True:
                    with silent.accept()[0] as connection:
                        asked.append(connection.recv(1000).splitlines()[0])
        assert (
            "is not on this machine, and the Hub does not answer: try again later, or use `procedural`"
            in found["error"]
        )
        assert "the Hub does not answer (ReadTimeout)" in said
        assert len([line for line in asked if b"smithsonian" in line]) == 1  # `datasets` asks six times

    def test_a_hub_without_it_says_so(self, smithsonian: Path, tmp_path: Path) -> None:
        with hub(smithsonian, "somebody/else") as endpoint:
            found, _ = self.preview(endpoint, tmp_path)
        assert found["error"].startswith(f"the Hub has no data set {BUTTERFLIES} (or it is private): use `procedural`")


class TestFolders:
    def test_a_folder_is_called_by_its_name(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        folder = tmp_path / "my\x1b[31m wings"
        folder.mkdir()
        for number, picture in enumerate(generate.training(12, 32)):
            Image.fromarray(picture).save(folder / f"{number}.png")
        (folder / "notes.txt").write_text("where they are from")
        monkeypatch.chdir(tmp_path)
        found = image_data.load(folder.name, 32)
        assert (found.source, found.label) == (str(folder), "my wings")
        assert [out.name for out in found.left_out] == ["notes.txt"]
        assert found.sha256 == digest(found)
        assert len(image_data.load(folder.name, 32, count=5).train) == 5

    def test_a_folder_that_is_called_procedural_can_be_named(self, tmp_path, monkeypatch) -> None:
        monkeypatch.chdir(tmp_path)
        with pytest.raises(BadInputError, match="procedural: no folder"):
            image_data.load("./procedural", 32)

    def test_what_names_nothing_is_told_the_three_that_do(self, tmp_path: Path) -> None:
        (tmp_path / "a.png").touch()
        choices = "give `procedural`, `smithsonian`, or a folder of pictures"
        for images, words in (
            (str(tmp_path / "a.png"), "a file, not a folder"),
            ("no\nwhere", "no folder"),
            ("", "no f"),
        ):
            with pytest.raises(BadInputError) as raised:
                image_data.load(images, 32)
            assert words in str(raised.value) and str(raised.value).endswith(choices)
            assert str(raised.value).isprintable()

    def test_numbers_that_make_no_sense_are_refused(self) -> None:
        for options, words in (
            ({"count": 0}, "0 pictures"),
            ({"seed": -1}, "seed -1"),
            ({"count": 10**9}, "GB of mem"),
        ):
            with pytest.raises(BadInputError, match=words):
                image_data.load("procedural", 32, **options)
        with pytest.raises(BadInputError, match="4 px: pictures to learn from are 8 to 1024 px"):
            image_data.load("procedural", 4)


def test_the_preview_shows_pictures_as_they_are_learned_from_and_one_as_it_goes_under(tmp_path: Path) -> None:
    (tmp_path / "wings").mkdir()
    for number, picture in enumerate(generate.training(40, 16)):
        Image.fromarray(picture).save(tmp_path / "wings" / f"{number}.png")
    options = [f"--images={tmp_path / 'wings'}", "--size=16", "--seed=5", f"--out={tmp_path}"]
    done = subprocess.run(
        [sys.executable, "-m", "garage_tui.jobs.diffusion.preview", *options], capture_output=True, check=True
    )
    found = json.loads(done.stdout)
    shown, sheet = contact_sheet.read(tmp_path / "data.png")
    assert (sheet.kind, sheet.count, sheet.source) == ("data", 16, "wings")
    everything = {picture.tobytes() for picture in image_data.load(str(tmp_path / "wings"), 16).train}
    assert len({picture.tobytes() for picture in shown} & everything) == 16
    strip, sheet = contact_sheet.read(tmp_path / "noise.png")
    assert sheet.kind == "noise"
    assert sheet.notes == tuple(f"t = {step}" for step in (0, 50, 100, 200, 300, 500, 700, 999))
    apart = [min(abs(picture.astype(int) - one).mean() for one in shown) for picture in strip]
    assert apart == sorted(apart) and apart[0] < 3
    assert (found["data"], found["noise"]) == (str(tmp_path / "data.png"), str(tmp_path / "noise.png"))


def test_drawn_butterflies_are_drawn_anew_when_any_file_that_draws_them_changes():
    sources = butterfly_cache.drawing_sources()
    assert all(source.is_file() for source in sources)
    drawing = {source.stem for source in sources}
    assert {"generate", "families", "wing_shapes", "individuals", "patterns", "picture", "wings"} <= drawing
