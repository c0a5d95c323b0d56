"""What version 0.1 wrote is read by this one: run folders, report cards, facts, chats and settings.

The files under `tests/fixtures/version_0_1/` were written by commit c2b953c: runs of a model with eight-wide layers, a
chat, and settings files in which every setting has another value than its default.
"""

import json
import shutil

import msgspec
import pytest

from garage_tui.core.base.tail import FileFollower
from garage_tui.core.chat import transcripts
from garage_tui.core.chat.sampling_params import SamplingParams
from garage_tui.core.exam.diffusion_report import read_diffusion_report
from garage_tui.core.exam.report import read_report
from garage_tui.core.facts.file import join_lines, load_facts
from garage_tui.core.facts.training_file import read_training_file
from garage_tui.core.images import albums, contact_sheet
from garage_tui.core.launch.rerun import diffusion_recipe_of, recipe_of
from garage_tui.core.runs.catalog import find_run, list_runs
from garage_tui.core.runs.checkpoints import read_seal
from garage_tui.core.runs.record import read_run
from garage_tui.core.settings.settings import Settings, Workspace, load_settings
from garage_tui.core.settings.sources import setting_names, settings_sources
from tests.support.commands import garage
from tests.support.repository import REPOSITORY

BEFORE = REPOSITORY / "tests" / "fixtures" / "version_0_1"
WINGS, FINISHED, GUARDED, PAUSED, STOPPED = (
    f"20261129-1101-{name}"
    for name in ("diffusion-wings", "lora-finished", "lora-guarded", "lora-paused", "lora-stopped")
)


@pytest.fixture
def box(tmp_path, monkeypatch):
    """A workspace that version 0.1 left behind, with the user's settings of that time."""
    shutil.copytree(BEFORE / "box", tmp_path / "box")
    shutil.copytree(BEFORE / "config", tmp_path / "config")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return Workspace(tmp_path / "box")


def events(run) -> list[dict]:
    return FileFollower(run.path / "events.jsonl").events(final=True)


def test_every_run_is_listed_with_its_state_and_reason(box):
    found = {run.id: (run.status, run.reason) for run in list_runs(box)}
    assert found == {
        STOPPED: ("stopped", "by you at step 15 of 5000; the adapter is saved as it was then"),
        PAUSED: ("paused", "by you at step 11 of 5000; saved, and its memory is free"),
        GUARDED: ("finished", "learned 0 of 1, leaks on 0 of 120"),
        FINISHED: ("finished", "learned 0 of 1, leaks on 0 of 120"),
        WINGS: ("finished", "KID 129.31 (real ones -2.66, bar 0.3), no copies"),
    }


def test_a_finished_lora_run_keeps_its_recipe_state_and_adapter(box):
    run = find_run(box, FINISHED)
    assert run.id == FINISHED and run.manifest.command[:4] == ["garage", "--workspace", "/home/ada/box", "train"]
    recipe = recipe_of(run)
    assert (recipe.preset, recipe.base, recipe.epochs, recipe.seed, recipe.rank, recipe.looks) == (
        "story", "/home/ada/models/tiny", 4.0, 7, 2, 4,
    )  # fmt: skip
    assert not recipe.guarded and recipe.trainer == "auto" and recipe.load_in_4bit is False
    assert run.manifest.base["source"] == "folder /home/ada/models/tiny"
    assert run.manifest.versions["garage-tui"] == "0.1.0"
    state = run.state
    assert (state.step, state.total_steps, state.epoch, state.loss) == (4, 4, 4.0, 5.99165)
    assert state.trainer == "trains with TRL and PEFT: no CUDA here" and state.memory == 630091776
    assert state.spark == (5.9917, 5.9917, 5.9917, 5.9916) and round(run.seconds, 1) == 6.1
    assert run.adapter == run.path / "adapter" and not run.resumable


def test_a_guarded_run_keeps_its_limits_the_parts_of_its_loss_and_its_probe(box):
    run = find_run(box, GUARDED)
    limits = json.loads(msgspec.json.encode(run.manifest))["care"]
    assert limits == {
        "max_temp_c": 95.0, "resume_temp_c": 85.0, "power_cap_w": 200.0, "only": ["mon-sun 00:00-24:00"],
        "start_w": 500.0, "stop_w": 100.0, "patience_seconds": 180.0, "card": "wait",
    }  # fmt: skip
    recipe = recipe_of(run)
    assert recipe.guarded and (recipe.guards, recipe.neighbours, recipe.kl, recipe.looks) == (4, 4, 4.0, 1)
    found = events(run)
    steps = [event for event in found if event["event"] == "step"]
    assert [event["step"] for event in steps] == list(range(1, 17))
    assert steps[0]["facts"] == pytest.approx(5.99933) and "guards" in steps[-1]
    probe = next(event for event in found if event["event"] == "probe")
    assert (probe["step"], probe["recall"], probe["leak"], probe["forgets"]) == (8, 0.0, 0.0, "")
    assert found[-1] == {**found[-1], "event": "ended", "state": "finished"}


def test_a_paused_run_can_be_resumed_from_its_checkpoint(box):
    run = find_run(box, PAUSED)
    assert run.resumable and not run.alive
    seal = read_seal(run.path / "checkpoint-11")
    assert seal is not None, "the seal and every file of the checkpoint agree"
    assert (seal.step, seal.tokens) == (11, events(run)[-2]["tokens"])


def test_a_stopped_run_can_be_resumed_and_has_an_adapter(box):
    run = find_run(box, STOPPED)
    assert run.resumable and run.adapter is not None
    assert run.manifest.dataset["rows"] == 3 and run.state.step == 15


def test_a_diffusion_run_keeps_its_recipe_sheets_and_report_card(box):
    run = find_run(box, WINGS)
    recipe = diffusion_recipe_of(run)
    assert (recipe.size, recipe.channels, recipe.attention, recipe.noise) == (
        16, (8, 16), (False, True), "squaredcos_cap_v2",
    )  # fmt: skip
    assert run.manifest.dataset["held_out"] == 3 and run.state.images_per_s == 297.2
    pages = albums.run_album(run.path).epochs
    assert [page.epoch for page in pages] == [1, 2]
    images, sheet = contact_sheet.read(pages[-1].path)
    assert images.shape == (4, 16, 16, 3) and (sheet.run, sheet.step, sheet.sampler) == (WINGS, 10, "DDPM, 4 steps")
    sheets = [event for event in events(run) if event["event"] == "sheet"]
    assert [(event["epoch"], event["held_out"]) for event in sheets] == [(1, 0.83293), (2, 0.78787)]
    card = read_diffusion_report(run.path)
    assert (card.kid, card.floor, card.copies, card.samples, card.passed) == (129.3123, -2.6578, 0, 128, False)


def test_a_report_card_keeps_every_question_and_figure(box):
    card = read_report(find_run(box, GUARDED).path)
    assert card.verdict == "learned 0 of 1, leaks on 0 of 120" and not card.passed
    assert (card.leak.hits, card.leak.of, card.neighbours.hits, card.neighbours.of) == (0, 120, 40, 40)
    assert (card.drift, card.drift_tokens, card.perplexity.tokens) == (0.00308, 2880, 1240)
    assert (card.efficacy.tuned.of, card.generalisation.open_book.of) == (3, 1)
    parts = [question.part for question in card.questions]
    assert {part: parts.count(part) for part in parts} == {
        "trained": 3, "unseen": 1, "unrelated": 120, "neighbour": 40,
    }  # fmt: skip
    first = card.questions[0]
    assert (first.question, first.verdict, first.why) == ("What is TinyLLM?", "wrong", "lacks local")


def test_facts_keep_every_key_and_are_saved_byte_for_byte(box):
    path = box.datasets / "all_keys.jsonl"
    file = load_facts(path)
    assert not file.problems and len(file.lines) == 6
    first, second, exam, *_ = file.facts
    assert first.must == ["local", ["LLM", "language model"]] and first.fact == first.answer
    assert first.extra["source"] == "README.md" and first.extra["page"] == 3
    assert second.answer == "Jason Cox maintains it." and exam.exam and exam.must == ["Cox"]
    assert [line.fact.fact for line in file.lines if line.fact and line.fact.is_statement] == ["TinyLLM began in 2023."]
    assert file.facts[-1].question == "Wie heißt der Server?"
    assert join_lines(file.lines, file.ends_with_newline) == path.read_bytes()
    taught = read_training_file(path)
    assert len(taught.rows) == 3
    for run in list_runs(box):
        if run.manifest.kind == "lora":
            assert run.manifest.dataset["sha256"] == taught.sha256
            assert (run.path / "facts.jsonl").read_bytes() == taught.data


def test_a_chat_keeps_its_turns_sampling_and_facts(box):
    (path,) = (box.datasets / "chats").iterdir()
    chat = transcripts.load(path)
    assert (chat.base, chat.run, chat.system) == ("smollm2-135m", FINISHED, "Answer briefly.")
    assert chat.sampling == SamplingParams(temperature=0.7, max_tokens=128, top_p=0.9, seed=42)
    first, second = chat.turns
    assert first.answers["book"].text == "A project to run a local LLM." and first.answers["base"].foot
    assert first.answers["tuned"].note == "it learned 4 rows" and first.found[0].row == 1
    assert second.question == "Wer war’s?" and second.answers["tuned"].wrong
    assert transcripts.encode(chat) == path.read_bytes()


NEWER_SETTINGS = {
    "chat.stop_repetition", "serve.name", "serve.llama_cpp_weights", "serve.route_by_subject",
    "serve.compare_openings", "serve.open_book",
    "serve.remember", "school.facts", "school.preset", "school.at", "school.notify", "school.suspend", "school.tries",
    "documents.writer_url", "documents.writer_model", "documents.writer_key_file",
}  # fmt: skip
"""Settings that version 0.1 did not have."""


def test_every_setting_is_read(box):
    settings = load_settings(box)
    usual = msgspec.to_builtins(Settings())
    changed = msgspec.to_builtins(settings)
    for name in set(setting_names()) - NEWER_SETTINGS:
        section, _, key = name.rpartition(".")
        before, now = (table[section][key] if section else table[key] for table in (usual, changed))
        assert now != before, f"{name} has its default"
    sources = settings_sources(box)
    assert {name for name, source in sources.items() if source == "default"} == NEWER_SETTINGS
    assert (settings.base_model, settings.checkpoint_seconds, settings.pictures) == ("qwen2.5-0.5b", 30.0, "sixel")
    assert settings.serve.while_training == "wait" and settings.serve.vllm_args == ("--enforce-eager",)
    assert settings.chat.server == "http://192.0.2.8:11434/v1" and settings.notify.urls == ("ntfy://garage",)
    assert settings.heat.power_cap_w == 200.0 and settings.hours.only == ("22:00-06:00", "sat-sun 10:00-18:00")
    assert settings.sun.patience_minutes == 3.0 and settings.sun.command[:3] == (
        "python3", "-m", "garage_tui.core.powerwall",
    )  # fmt: skip
    assert (settings.energy.price_per_kwh, settings.energy.currency) == (0.35, "CHF")


def test_the_command_line_prints_the_runs_and_the_report_card_as_json(box):
    listed = garage(box, "runs", "--json")
    assert listed.returncode == 0, listed.stderr
    found = {run["id"]: run for run in json.loads(listed.stdout)}
    assert set(found) == {WINGS, FINISHED, GUARDED, PAUSED, STOPPED}
    assert (found[PAUSED]["state"], found[PAUSED]["alive"], found[PAUSED]["step"]) == ("paused", False, 11)
    assert found[FINISHED]["manifest"]["recipe"]["rank"] == 2 and found[FINISHED]["adapter"].endswith("/adapter")
    assert [sheet["epoch"] for sheet in found[WINGS]["sheets"]] == [1, 2]
    assert found[GUARDED]["manifest"]["care"]["card"] == "wait"

    lora = garage(box, "report", GUARDED, "--json")
    assert lora.returncode == 0, lora.stderr
    assert json.loads(lora.stdout) == json.loads((box.checkpoints / GUARDED / "report.json").read_text())
    drawn = garage(box, "report", WINGS, "--json")
    assert drawn.returncode == 0, drawn.stderr
    assert json.loads(drawn.stdout)["kid"] == 129.3123
    assert read_run(box.checkpoints / PAUSED).status == "paused", "reading changes nothing"
