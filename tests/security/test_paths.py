"""Names that become paths stay in the workspace, whoever chose them; a link in it leads nobody out of it."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from garage_tui.core.base.errors import BadInputError, GarageError
from garage_tui.core.base.workspace import Workspace
from garage_tui.core.chat import transcripts
from garage_tui.core.export.target import EXPORTS, MARK, ExportMarker, install, replaces, staging_folder, target_path
from garage_tui.core.launch import run_control
from garage_tui.core.launch.rerun import facts_of
from garage_tui.core.models import base_models
from garage_tui.core.runs.catalog import find_run, list_runs, new_run_folder, slug
from garage_tui.core.runs.deletion import delete
from garage_tui.core.runs.folder import MANIFEST
from garage_tui.core.runs.record import read_run
from tests.support.app_user import RunFolder

pytestmark = pytest.mark.timeout(120)

NAMES = [
    "../../x", "/etc/passwd", "..", ".", "", "-rf", "--json", "last", "a\0b", "a\nb", "x" * 300, "~", "~root",
    "~nobody-x", "a/b", "CON", ".hidden", ".server", ".deleted-x", "a\\b", "%2e%2e%2f", "\u2025/x",
    "\uff0e\uff0e\uff0fetc", "\u202egpj.exe", "\x1b[2Ja", "caf\udce9", "$(touch x)", "`id`", "; rm -rf ~", "*",
    "é" * 200, "\u0131\u0130ß", "🦋",
]  # fmt: skip


@pytest.fixture
def outside(tmp_path):
    """A folder of somebody's beside the workspace, which is as it was at the end."""
    folder = tmp_path / "home"
    (folder / "deep").mkdir(parents=True)
    (folder / "thesis.txt").write_text("years of work")
    yield folder
    assert (folder / "thesis.txt").read_text() == "years of work"
    assert sorted(path.name for path in folder.iterdir()) == ["deep", "thesis.txt"]
    assert not any((folder / "deep").iterdir())


@pytest.mark.parametrize("name", NAMES)
def test_a_run_of_any_name_has_a_folder_of_its_own_in_checkpoints(workspace, name):
    folder = new_run_folder(workspace, "lora", name)
    assert folder.parent == workspace.checkpoints and folder.is_dir()
    assert folder.name[:8].isdigit() and folder.name.isascii() and len(folder.name) < 80
    assert set(folder.name) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
    assert new_run_folder(workspace, "lora", name) != folder


@given(st.text(max_size=60))
def test_no_text_at_all_makes_another_kind_of_name(text):
    assert set(slug(text)) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
    assert not slug(text).startswith("-") and len(slug(text)) <= 40


@pytest.mark.parametrize("name", NAMES)
def test_a_chat_of_any_first_question_stays_in_its_folder(workspace, name):
    folder = workspace.datasets / "chats"
    path = transcripts.save(folder, transcripts.encode(transcripts.Transcript()), None, name)
    assert path.parent == folder and path.suffix == ".json" and not path.name.startswith(".")


@pytest.mark.parametrize("name", [name for name in NAMES if "\0" not in name and name not in ("last", "")])
def test_a_run_that_is_asked_for_by_any_name_is_one_of_the_workspace_or_none(garage, workspace, outside, name):
    RunFolder(workspace, "20261101-1200-lora-mine", "finished")
    for command in (["logs"], ["report"], ["stop"], ["delete", "--yes"], ["export"], ["resume"], ["ask", "x", "--run"]):
        done = garage(*command, name) if command[-1] != "--run" else garage(*command[:-1], f"--run={name}")
        assert done.code == 2, (command, done)
        assert "Traceback" not in done.err
    assert len(list_runs(workspace)) == 1


@pytest.mark.parametrize("name", [name for name in NAMES if name not in (".", "..", "~", "~root")])
def test_a_base_of_any_name_is_refused_or_kept_among_the_models(name):
    try:
        found = base_models.find(name)
    except BadInputError as error:
        assert "\n" not in str(error) and "\x1b" not in str(error)
    else:
        assert found.path.parent == base_models.models_folder()


@pytest.mark.parametrize(
    "name", ["../evil", "a/..", "a/../b", "a/b/c", "a/.hidden", "./a/b", "a/b\n", "~/a", "a\0/b", "a/" + "b" * 300]
)
def test_a_hub_name_is_two_words_and_no_way_out(name):
    with pytest.raises(BadInputError):
        base_models.find(name)


@pytest.mark.parametrize("name", [name for name in NAMES if "\0" not in name and name])
def test_facts_and_bases_of_any_name_are_refused_in_one_line(garage, workspace, name):
    for words in (["facts", "check", f"./{name}"], ["train", "lora", f"--facts=./{name}", "--detach"]):
        done = garage(*words)
        assert done.code == 2, (words, done)
        assert len(done.err.splitlines()) == 1, done
    done = garage(
        "train", "lora", "--facts", workspace.datasets / "garage.jsonl", f"--base=/nowhere/{name}", "--detach"
    )
    assert done.code == 2 and len(done.err.splitlines()) == 1, done
    assert not any(workspace.checkpoints.iterdir())


def test_deleting_a_run_takes_its_links_away_and_not_what_they_lead_to(workspace, outside):
    run = RunFolder(workspace, "20261101-1200-lora-mine", "finished")
    (run.path / "samples").symlink_to(outside)
    (run.path / "adapter").mkdir()
    (run.path / "adapter" / "weights").symlink_to(outside / "thesis.txt")
    delete(read_run(run.path))
    assert not run.path.exists()


def test_a_run_folder_that_is_a_link_is_no_run_and_cannot_be_deleted(garage, workspace, outside):
    real = RunFolder(Workspace(workspace.root / "elsewhere"), "20261101-1200-lora-theirs", "finished").path
    (workspace.checkpoints / real.name).symlink_to(real)
    assert list_runs(workspace) == []
    assert garage("delete", real.name, "--yes").code == 2
    with pytest.raises(GarageError):
        find_run(workspace, real.name)
    assert (real / MANIFEST).exists()


@pytest.mark.parametrize(
    "name", ["samples", "adapter", "events.jsonl", "log.txt", "lock", "state.json", "checkpoint-4"]
)
def test_a_run_that_would_write_through_a_link_is_not_resumed(workspace, outside, name):
    run = RunFolder(workspace, "20261101-1200-lora-mine", "stopped", ended=1.0)
    kept = outside / "deep" if name in ("samples", "adapter", "checkpoint-4") else outside / "thesis.txt"
    if name == "state.json":
        shutil.copy(run.path / name, target := outside.parent / "state.json")
        kept = target
    (run.path / name).unlink(missing_ok=True)
    (run.path / name).symlink_to(kept)
    with pytest.raises(BadInputError, match=rf"holds a symbolic link \({name}\)"):
        run_control.resume(read_run(run.path))


def test_an_export_is_not_written_through_a_link(workspace, outside):
    run = RunFolder(workspace, "20261101-1200-lora-mine", "finished").path
    (run / EXPORTS).symlink_to(outside)
    with pytest.raises(BadInputError, match="is a link"):
        target_path(run, "merged", "f16")
    (run / EXPORTS).unlink()
    target = target_path(run, "merged", "f16")
    target.parent.mkdir()
    target.symlink_to(outside)
    with pytest.raises(BadInputError, match="is a link"):
        replaces(target, run.name, "merged")


@pytest.mark.parametrize(
    "to", ["{outside}", "{outside}/thesis.txt", "{outside}/none/x", "/proc/self/x/y", "/dev/null", "\udce9/x"]
)
def test_an_export_never_takes_the_place_of_what_is_no_export_of_that_run(workspace, outside, to):
    run = RunFolder(workspace, "20261101-1200-lora-mine", "finished").path
    with pytest.raises(GarageError):
        target = target_path(run, "merged", "f16", to.format(outside=outside))
        replaces(target, run.name, "merged")


def test_a_mark_that_names_other_peoples_files_gives_no_right_to_them(workspace, outside):
    """A folder that says it is an export of this run, and lists what is elsewhere."""
    run = RunFolder(workspace, "20261101-1200-lora-mine", "finished").path
    target = target_path(run, "merged", "f16")
    target.mkdir(parents=True)
    (target / "link").symlink_to(outside)
    mark = ExportMarker(run=run.name, form="merged", base="b", made=1, files=("link", f"{outside}/thesis.txt"))
    import msgspec

    (target / MARK).write_bytes(msgspec.json.encode(mark))
    assert replaces(target, run.name, "merged")
    with staging_folder(target) as workshop:
        (made := workshop / target.name).mkdir()
        (made / "new").touch()
        install(made, target)
    assert [path.name for path in target.iterdir()] == ["new"]


ELSEWHERE = ["/dev/zero", "/proc/kmsg", "/etc/shadow", "../../home/thesis.txt", "pipe", "a\0b", "x" * 5000]


@pytest.fixture
def foreign(workspace, outside):
    """A function that makes a run of somebody else's, whose manifest names this path wherever it names one."""

    def make(path: str) -> str:
        run = RunFolder(workspace, "20261101-1200-lora-theirs", "finished").adapter()
        os.mkfifo(workspace.root / "pipe")
        manifest = json.loads((run.path / MANIFEST).read_bytes())
        manifest["dataset"] = {"path": path, "sha256": "0" * 64, "rows": 24}
        manifest["base"] = {"name": path, "path": path}
        manifest["recipe"]["base"] = path
        (run.path / MANIFEST).write_text(json.dumps(manifest))
        return run.path.name

    return make


@pytest.mark.parametrize("path", ELSEWHERE)
def test_a_manifest_of_somebody_elses_that_names_a_path_is_not_followed(garage, workspace, foreign, path):
    run = foreign(path)
    assert facts_of(read_run(workspace.checkpoints / run)).parent == workspace.checkpoints / run
    assert garage("runs", "--json").code == 0
    for words in (["train", "lora", "--like", run, "--detach"], ["serve", run], ["compare", run, "last"]):
        done = garage(*words)
        assert done.code in (0, 1, 2) and "Traceback" not in done.out + done.err, (words, done)
        assert "years of work" not in done.out + done.err
    assert len(list_runs(workspace)) == 1


@pytest.mark.long
@pytest.mark.parametrize("path", ELSEWHERE)
def test_what_loads_a_model_does_not_follow_it_either(garage, workspace, foreign, path):
    run = foreign(path)
    for words in (["report", run], ["ask", "x", "--run", run], ["export", run]):
        done = garage(*words)
        assert done.code in (1, 2), (words, done)
        assert "years of work" not in done.out + done.err


def test_an_adapter_over_http_is_one_of_the_offered_ids_and_no_path():
    import asyncio

    import httpx

    from garage_tui.jobs.serve.lasting_name import Offer
    from garage_tui.jobs.serve.routes import make_app

    class Answers:
        engine = "embedded"
        busy = False

        async def answer(self, request, path, question, body, run):
            raise AssertionError(f"{question.model} was taken for a model")

    app = make_app(Answers(), lambda: {"base": Offer("base", "base")}, "k")

    async def ask(model: str) -> httpx.Response:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
            body = {"model": model, "messages": [{"role": "user", "content": "x"}]}
            return await client.post("/v1/chat/completions", json=body, headers={"Authorization": "Bearer k"})

    for model in (*filter(str.isprintable, NAMES), "../../etc", str(Path.cwd()), "base/../base", "BASE", "base "):
        answer = asyncio.run(ask(model))
        assert answer.status_code in (400, 404), (model, answer.text)


def test_a_workspace_of_any_name_works(garage, tmp_path):
    for name in ("with space", "-dash", "quote'\"", "new\nline", "\x1b[31mred", "é", "x" * 200):
        (tmp_path / name / "checkpoints").mkdir(parents=True)
        done = garage(f"--workspace={tmp_path / name}", "runs")
        assert done.code == 0, (name, done)
        assert "\x1b" not in done.out + done.err
