"""What the doctor says of Unsloth, where a GPU would use it."""

import pytest

from garage_tui.core import doctor
from tests.support.repository import REPOSITORY


@pytest.fixture
def versions(monkeypatch):
    """Says which packages are installed."""

    def say(**there):
        monkeypatch.setattr(doctor, "_version", lambda package: {"torch": "2.13.0", **there}.get(package, ""))

    return say


def about_unsloth(workspace):
    return [found for found in doctor.examine(workspace) if "nsloth" in found.text.replace(str(workspace.root), "")]


def test_without_a_gpu_unsloth_is_no_matter(workspace, versions):
    versions()
    assert about_unsloth(workspace) == []


def test_with_a_gpu_a_missing_unsloth_comes_with_the_command_that_brings_it(workspace, versions, make_box):
    make_box({"name": "RTX 3090"})
    versions(unsloth="2026.10.6")
    (found,) = about_unsloth(workspace)
    assert found.level == "note" and found.text.startswith("unsloth_zoo not installed: runs train with TRL and PEFT")
    assert found.mend.endswith("-m pip install unsloth==2026.10.6 unsloth_zoo==2026.10.6")


@pytest.mark.parametrize(
    ("release", "level", "text"),
    [
        ("2026.12.1", "note", "unsloth 2026.12.1: this program was tested with 2026.10.6"),
        ("2026.10.6", "good", "Unsloth 2026.10.6: runs on one GPU train with it"),
    ],
)
def test_the_release_that_was_tried_is_good_another_is_named(workspace, versions, make_box, release, level, text):
    make_box({"name": "RTX 3090"})
    versions(unsloth=release, unsloth_zoo="2026.10.6")
    (found,) = about_unsloth(workspace)
    assert (found.level, found.text) == (level, text)


def test_the_doctor_knows_the_release_that_is_installed():
    import tomllib

    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    wanted = " ".join(project["optional-dependencies"]["gpu"])
    assert f"unsloth=={doctor.UNSLOTH};" in wanted and f"unsloth_zoo=={doctor.UNSLOTH};" in wanted
