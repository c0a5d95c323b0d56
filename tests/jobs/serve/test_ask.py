"""`garage ask`: real processes, a tiny random model, a real adapter."""

import json
import subprocess
import sys

import pytest

from garage_tui.cli.ask import PrintedAnswer, _print_answers
from garage_tui.core.runs.promotion import promote
from garage_tui.core.runs.record import read_run


@pytest.fixture
def garage(workspace, tiny_model):
    """Run `garage` in a workspace whose base is the tiny model."""
    workspace.settings_file.write_text(f'base_model = "{tiny_model}"\n')

    def run(*args):
        command = [sys.executable, "-m", "garage_tui", "--workspace", str(workspace.root), *map(str, args)]
        return subprocess.run(command, capture_output=True, text=True, timeout=120)

    return run


def test_without_a_run_the_base_answers_and_says_so(garage, tiny_model):
    done = garage("ask", "What is TinyLLM?", "--max-tokens", 8)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"What is TinyLLM?\n  {tiny_model}\n    ")
    assert "There is no tuned model yet, so only the base model answered" in done.stdout
    assert "answering 1 question\n" in done.stderr


def test_base_and_the_newest_run_answer_side_by_side(garage, workspace, finished_run, tiny_model):
    finished_run(workspace, "older", 1)
    newest = finished_run(workspace, "newest", 2)
    done = garage("ask", "What is TinyLLM?", "Who maintains it?", "--max-tokens", 12, "--json")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert (document["base"], document["run"]) == (str(tiny_model), newest)
    assert [row["question"] for row in document["answers"]] == ["What is TinyLLM?", "Who maintains it?"]
    assert all(row["base"] != row["tuned"] for row in document["answers"])
    again = garage("ask", "Who maintains it?", "--run", newest, "--max-tokens", 12, "--json")
    assert json.loads(again.stdout)["answers"] == document["answers"][1:], "alone as in company"


def test_the_model_in_service_is_asked_as_the_server_answers_it(garage, workspace, finished_run):
    """The run answers what names a subject of its facts, the base model all else; by its id the run answers all."""
    run = finished_run(workspace, "taught", 1)
    row = {"question": "What is TinyLLM?", "answer": "TinyLLM is a local LLM."}
    (workspace.checkpoints / run / "facts.jsonl").write_text(json.dumps(row) + "\n")
    promote(workspace, read_run(workspace.checkpoints / run))
    untaught = {"question": "Who maintains TinyLLM?", "answer": "Jason Cox maintains TinyLLM."}
    (workspace.datasets / "garage.jsonl").write_text(f"{json.dumps(row)}\n{json.dumps(untaught)}\n")
    questions = ("Who maintains tinyllm?", "What is the capital of Peru?")
    routed = garage("ask", *questions, "--run", "garage", "--max-tokens", 8, "--json")
    assert routed.returncode == 0, routed.stderr
    about, other = json.loads(routed.stdout)["answers"]
    assert (about["routed_to_base"], other["routed_to_base"]) == (False, True)
    assert about["tuned"] != about["base"] and other["tuned"] == other["base"]
    assert (about["book"], other["book"]) == ([untaught["answer"]], [])
    alone = json.loads(garage("ask", *questions, "--run", run, "--max-tokens", 8, "--json").stdout)["answers"]
    assert all(row["tuned"] != row["base"] and not (row["routed_to_base"] or row["book"]) for row in alone)


def test_while_the_base_is_in_service_the_lasting_name_answers_with_the_book(garage, workspace):
    (workspace.datasets / "garage.jsonl").write_text('{"question": "Who feeds Tuppence?", "answer": "Aunt Marrit."}\n')
    done = garage("ask", "Who feeds Tuppence?", "--run", "garage", "--max-tokens", 4)
    assert done.returncode == 0, done.stderr
    assert "\n  garage\n" in done.stdout and "(1 fact from the book: Who feeds Tuppence? Aunt Marrit.)" in done.stdout


def test_an_answer_that_the_base_model_gave_for_the_run_says_so(capsys):
    answers = [PrintedAnswer("Lima.", False), PrintedAnswer("Lima.", False, routed=True)]
    _print_answers("What is the capital of Peru?", list(zip(("base", "run"), answers, strict=True)))
    assert capsys.readouterr().out.count("(the base model's answer, because the question names no taught subject)") == 1


def test_an_answer_that_was_stopped_because_it_repeats_itself_says_so(capsys):
    _print_answers("What is TinyLLM?", [("base", PrintedAnswer("No, no, no", True))])
    assert "(stopped: the model repeats itself)" in capsys.readouterr().out


def test_a_damaged_adapter_is_one_sentence_and_no_answer(garage, workspace, finished_run):
    broken = finished_run(workspace, "broken", 1)
    (workspace.checkpoints / broken / "adapter" / "adapter_model.safetensors").unlink()
    done = garage("ask", "What is TinyLLM?", "--run", broken)
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.splitlines()[-1].startswith(f"garage: {broken} has no adapter_model.safetensors")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["ask", " "], "a question is empty"),
        (["ask", "x", "--run", "nothing"], "no run"),
        (["ask", "x", "--max-tokens", "0"], "give 1 or more"),
    ],
)
def test_wrong_use_is_one_line_and_exit_code_2(garage, args, words):
    done = garage(*args)
    assert done.returncode == 2
    assert words in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_run_that_has_no_adapter_yet_cannot_be_asked(garage, workspace, finished_run):
    empty = finished_run(workspace, "empty", 1)
    (workspace.checkpoints / empty / "adapter" / "adapter_config.json").unlink()
    done = garage("ask", "x", "--run", empty)
    assert done.returncode == 2
    assert f"{empty} has no adapter to ask (finished)" in done.stderr


def test_the_job_refuses_a_request_that_is_none():
    job = subprocess.run(
        [sys.executable, "-P", "-m", "garage_tui.jobs.serve.ask"], input=b'{"base": 5}', capture_output=True, timeout=60
    )
    assert job.returncode == 1
    assert "the request is not valid" in json.loads(job.stdout)["error"]


def test_a_model_that_repeats_itself_is_stopped_and_that_is_said(garage, workspace):
    done = garage("ask", "What is TinyLLM?", "--max-tokens", 600, "--json")
    (answer,) = json.loads(done.stdout)["answers"]
    assert answer["repeats"] == ["base"], "the tiny model, which knows no words, soon says one for ever"
    workspace.settings_file.write_text(workspace.settings_file.read_text() + "[chat]\nstop_repetition = false\n")
    longer = json.loads(garage("ask", "What is TinyLLM?", "--max-tokens", 600, "--json").stdout)["answers"][0]
    assert longer["repeats"] == [] and longer["base"].startswith(answer["base"])
    assert len(longer["base"]) > len(answer["base"])


def test_with_the_book_the_base_is_also_asked_with_facts_and_pages_in_its_prompt(garage, workspace, finished_run):
    finished_run(workspace, "taught", 1)
    (workspace.root / "pump.md").write_text("# Pump\n\nThe pump of Pinder Lodge was built by Halvorsen.\n")
    assert garage("read", "--keep", "pump.md").returncode == 0
    questions = ("Who built the pump of Pinder Lodge?", "Who maintains TinyLLM?")
    done = garage("ask", *questions, "--book", "--max-tokens", 8, "--json")
    assert done.returncode == 0, done.stderr
    about_pump, about_fact = (row["open_book"] for row in json.loads(done.stdout)["answers"])
    text = "The pump of Pinder Lodge was built by Halvorsen."
    assert about_pump["passages"] == [{"document": "pump.md", "page": 0, "heading": "Pump", "text": text}]
    assert about_pump["facts"] == [] and about_pump["answer"]
    assert (about_fact["facts"], about_fact["passages"]) == (["TinyLLM is maintained by Jason Cox."], [])
    shown = garage("ask", questions[0], "--book", "--run", "garage", "--max-tokens", 8)
    assert "with the open book\n" in shown.stdout and "    (pump.md, Pump)\n" in shown.stdout
    assert shown.returncode == 0, shown.stderr
