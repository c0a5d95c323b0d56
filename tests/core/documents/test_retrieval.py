"""Passages that a question is about, and none for a question about something else."""

from __future__ import annotations

import pytest

from garage_tui.core.documents.passage import Document
from garage_tui.core.documents.retrieval import PassageIndex, RetrievedPassage, prompt_with_passages
from tests.support.passages import passages_of

PUMP = "The pump of Pinder Lodge stands in the north shed. It was built by Halvorsen & Sons in 1987."
OIL = "Change the oil of the pump every second spring, and use 0.8 litres of ISO 68 oil."
BOAT = "The boat of Pinder Lodge is called Marrit. It has two oars and a lamp."


def document(name: str, *texts: str, title: str = "", heading: str = "") -> Document:
    passages = tuple(passages_of(*texts, document=name, heading=heading, page=3))
    return Document(name, passages[0].sha256, title, "text", 3, "\n".join(texts), passages)


@pytest.fixture
def index():
    found = PassageIndex([document("pump.pdf", PUMP, OIL), document("boat.md", BOAT)])
    yield found
    found.close()


@pytest.mark.parametrize(
    ("question", "texts"),
    [
        ("Who built the pump of Pinder Lodge?", [PUMP]),
        ("How much oil does the pump need?", [OIL]),
        ("When was the oil of the pump changed?", [OIL]),
        ("What is the boat of Pinder Lodge called?", [BOAT]),
        ("What is the capital of Norway?", []),
        ("Who built the Eiffel Tower?", []),
        ("Where is the lamp?", []),  # one word alone may be meant otherwise
        ("Where does the oil of Norway come from?", []),
        ("", []),
        ('how much oil? pump" - (*', [OIL]),
        ("\ud83d", []),
    ],
)
def test_a_question_finds_the_passages_that_it_is_about(index, question, texts):
    assert [passage.text for passage in index.find(question)] == texts


def test_a_passage_is_cited_with_its_file_and_page(index):
    (passage,) = index.find("What is the boat of Pinder Lodge called?")
    assert passage.citation == "boat.md, page 3"
    page = RetrievedPassage("https://example.org/wiki/Pump", 0, "Pump › Care", "…")
    assert page.citation == "Pump, Care"
    assert RetrievedPassage("notes.txt", 0, "", "…").citation == "notes.txt"


def test_a_passage_stands_in_the_prompt_below_the_name_of_its_document(index):
    found = index.find("What is the boat of Pinder Lodge called?")
    assert prompt_with_passages("What?", found) == f"This is written in boat.md, page 3:\n{BOAT}\n\nWhat?"
    assert prompt_with_passages("What?", []) == "What?"


def test_at_most_two_of_many_passages_that_fit_are_found():
    texts = [f"The pump of hut {number} needs oil." for number in range(50)]
    index = PassageIndex([document("huts.txt", *texts)])
    assert len(index.find("Does the pump need oil?")) == 2
    assert PassageIndex([]).find("Does the pump need oil?") == []
