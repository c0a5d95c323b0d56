"""Names and notes of runs: what is kept, what is refused, and what a run is found by."""

import json

import pytest

from garage_tui.core.base.errors import BadInputError
from garage_tui.core.runs.catalog import find_run, new_run_folder, set_label
from garage_tui.core.runs.label import LABEL, DamagedLabelError, Label, label_of, read_label, write_label
from garage_tui.core.runs.record import read_run


@pytest.fixture
def make(workspace):
    return lambda name: read_run(new_run_folder(workspace, "lora", name))


def test_a_label_is_read_as_it_was_written(make):
    folder = make("a").path
    write_label(folder, Label(name="the good one", note="more facts about Ottoline"))
    assert read_label(folder) == Label(name="the good one", note="more facts about Ottoline")
    assert json.loads((folder / LABEL).read_text()) == {"name": "the good one", "note": "more facts about Ottoline"}


def test_a_run_without_the_file_has_no_label(make):
    assert read_label(make("a").path) == Label()


def test_an_empty_label_leaves_no_file(make):
    folder = make("a").path
    write_label(folder, Label(name="one"))
    write_label(folder, Label())
    assert not (folder / LABEL).exists()


@pytest.mark.parametrize("content", ["", "{", '{"name": 5}', "[]", '{"name": "a"', "null"])
def test_a_damaged_file_is_no_label_and_says_so(make, content):
    folder = make("a").path
    (folder / LABEL).write_text(content)
    with pytest.raises(DamagedLabelError, match=r"label\.json"):
        read_label(folder)
    assert label_of(folder) == Label()


def test_a_name_is_one_clean_line(make):
    folder = make("a").path
    assert write_label(folder, Label(name=" two\nlines \x1b[31mred\u202e \ud83d")).name == "two lines red� ⟨U+D83D⟩"
    (folder / LABEL).write_text(json.dumps({"name": "evil\x1b]0;title\x07" + "x" * 1000}))
    assert len(read_label(folder).name) == 60 and "\x1b" not in read_label(folder).name


def test_what_is_too_long_is_refused_not_cut(make):
    folder = make("a").path
    with pytest.raises(BadInputError, match="the name has 61 characters: shorten it to at most 60"):
        write_label(folder, Label(name="x" * 61))
    with pytest.raises(BadInputError, match="the note has 501 characters"):
        write_label(folder, Label(note="x" * 501))
    with pytest.raises(BadInputError, match="choose another name"):
        write_label(folder, Label(name="Last"))


def test_a_run_is_found_by_its_name(workspace, make):
    first, second = make("a"), make("b")
    set_label(workspace, first, Label(name="Night run"))
    assert find_run(workspace, "night run").id == first.id
    assert find_run(workspace, second.id).id == second.id


def test_a_run_is_found_by_the_end_of_its_id_as_the_list_shows_it(workspace, make):
    first, second = make("Night two"), make("two")
    kind = first.id.split("-")[2]
    for ref in (f"{kind}-night-two", "night-two", "Night two"):
        assert find_run(workspace, ref).id == first.id
    assert find_run(workspace, "two").id == second.id
    for ref in ("night", "o", kind):
        with pytest.raises(BadInputError, match="no run"):
            find_run(workspace, ref)


def test_an_end_that_two_runs_have_means_neither(workspace, make):
    for folder in ("20261129-2200-lora-night", "20261130-2200-lora-night"):
        (workspace.checkpoints / folder).mkdir(parents=True)
    first, second = make("day"), make("day")  # of one minute: the second is called day-2
    assert find_run(workspace, second.id).id == second.id != first.id
    for ref in ("night", "lora-night", "day"):
        with pytest.raises(BadInputError, match="could be"):
            find_run(workspace, ref)


def test_a_name_that_another_run_has_is_refused(workspace, make):
    first, second = make("a"), make("b")
    set_label(workspace, first, Label(name="night"))
    for name in ("Night", first.id):
        with pytest.raises(BadInputError, match="choose another one"):
            set_label(workspace, second, Label(name=name))
    set_label(workspace, first, Label(name="night", note="its own name is no obstacle"))


def test_a_name_that_begins_another_id_means_neither(workspace, make):
    first, second = make("a"), make("b")
    write_label(first.path, Label(name=second.id[:-1]))
    with pytest.raises(BadInputError, match="could be"):
        find_run(workspace, second.id[:-1])
