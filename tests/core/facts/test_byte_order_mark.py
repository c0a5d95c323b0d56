"""A byte order mark belongs to its file: it stays at the beginning, wherever the rows go."""

import json

import pytest

from garage_tui.core.facts.external_editor import open_row
from garage_tui.core.facts.file import load_facts
from garage_tui.core.facts.line import BOM, MARKED, Fact
from garage_tui.core.facts.store import FactsStore

ROWS = [b'{"question": "q0", "answer": "a"}', b'{"question": "q1", "answer": "b"}']


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "facts.jsonl"
    path.write_bytes(BOM + b"\n".join(ROWS) + b"\n")
    return path


@pytest.fixture
def store(file, tmp_path):
    return FactsStore(file, tmp_path / "journal")


CHANGES = {
    "moving the first row": (lambda store: store.move(0, 1, "moving"), ["q1", "q0"]),
    "putting a row above": (lambda store: store.insert(0, [Fact("new", "n")], "adding"), ["new", "q0", "q1"]),
    "deleting the first row": (lambda store: store.remove(store.document.lines[0], "deleting"), ["q1"]),
    "editing the first row": (
        lambda store: store.edit(store.document.lines[0], {"question": "Q"}, "editing"),
        ["Q", "q1"],
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_the_mark_stays_at_the_beginning_and_every_row_stays_a_row(store, file, change):
    before = file.read_bytes()
    make, questions = CHANGES[change]
    make(store)
    assert store.save() is None
    data = file.read_bytes()
    assert data.startswith(BOM) and data.count(BOM) == 1
    found = load_facts(file)
    assert [fact.question for fact in found.facts] == questions and not found.errors
    store.undo()
    store.save()
    assert file.read_bytes() == before


def test_a_row_above_the_first_and_somebody_elses_row_merge(store, file):
    store.insert(0, [Fact("mine", "m")], "adding")
    file.write_bytes(file.read_bytes() + b'{"question": "theirs", "answer": "t"}\n')
    change = store.save()
    assert change and not change.clashes and store.accept(change) and store.save() is None
    assert [fact.question for fact in load_facts(file).facts] == ["mine", "q0", "q1", "theirs"]
    assert file.read_bytes().startswith(BOM)


def test_a_mark_that_somebody_else_takes_away_stays_away(store, file):
    file.write_bytes(file.read_bytes().removeprefix(BOM))
    store.insert(0, [Fact("mine", "m")], "adding")
    change = store.save()
    assert change and not change.clashes and store.accept(change) and store.save() is None
    assert BOM not in file.read_bytes() and not load_facts(file).problems
    assert [fact.question for fact in load_facts(file).facts] == ["mine", "q0", "q1"]


def test_the_warning_about_the_mark_stays_with_an_edited_row(store, file, monkeypatch):
    monkeypatch.setattr(
        "garage_tui.core.facts.external_editor.open_file",
        lambda path: path.write_text(json.dumps({"question": "Q", "answer": "A"})),
    )
    edited = open_row(store.document.lines[0]).line
    assert edited and edited.fact and edited.fact.question == "Q" and edited.complaints == (MARKED,)
    store.edit(store.document.lines[0], {"answer": "A"}, "editing")
    assert store.document.lines[0].complaints == (MARKED,) and not store.document.lines[1].complaints
