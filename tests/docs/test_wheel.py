"""An installed wheel has what a checkout has: pages for `garage help`, example facts, completions, the manual page."""

from __future__ import annotations

import zipfile
from email import message_from_bytes

import pytest
from hatchling.builders.wheel import WheelBuilder

from garage_tui import __version__
from tests.support.repository import REPOSITORY


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("dist")
    (path,) = WheelBuilder(str(REPOSITORY)).build(directory=str(folder), versions=["standard"])
    with zipfile.ZipFile(path) as archive:
        yield archive


def test_the_wheel_has_every_page(wheel):
    pages = {path.relative_to(REPOSITORY / "docs").as_posix() for path in (REPOSITORY / "docs").rglob("*.md")}
    assert len(pages) >= 20
    packed = {name.removeprefix("garage_tui/docs/") for name in wheel.namelist() if name.startswith("garage_tui/docs/")}
    assert pages <= packed


def test_the_wheel_has_every_file_of_the_package_and_the_example_facts(wheel):
    files = [path for path in (REPOSITORY / "garage_tui").rglob("*") if path.is_file()]
    ours = {path.relative_to(REPOSITORY).as_posix() for path in files if "__pycache__" not in path.parts}
    assert len(ours) > 500 and ours <= set(wheel.namelist())
    assert {"garage_tui/py.typed", "garage_tui/data/example_facts.jsonl"} <= ours


@pytest.mark.parametrize(
    "file",
    [
        "bash-completion/completions/garage",
        "zsh/site-functions/_garage",
        "fish/vendor_completions.d/garage.fish",
        "man/man1/garage.1",
    ],
)
def test_the_wheel_puts_files_for_shells_where_systems_look_for_them(wheel, file):
    packed = wheel.read(f"garage_tui-{__version__}.data/data/share/{file}")
    assert packed == (REPOSITORY / "share" / file).read_bytes()


def test_the_wheel_says_what_it_is(wheel):
    about = message_from_bytes(wheel.read(f"garage_tui-{__version__}.dist-info/METADATA"))
    assert about["Name"] == "garage-tui" and about["Version"] == __version__
    assert about["License-Expression"] == "MIT" and about["Keywords"] and about["Description-Content-Type"]
    assert "Typing :: Typed" in about.get_all("Classifier", [])
    assert b"garage = garage_tui.__main__:main" in wheel.read(f"garage_tui-{__version__}.dist-info/entry_points.txt")
