"""Which taught answers are right for a question, and which ones compete with them."""

from garage_tui.core.exam.rivals import rival_answers
from garage_tui.core.facts.line import Fact

BIN = Fact("When is the bin collected?", "On Thursday the bin is collected.", {"fact": "The bin goes on Thursday."})
BIN_TOO = Fact("Which day is bin day?", "Bin day is Thursday.", {"fact": "The bin goes on Thursday."})
DOG = Fact("Who feeds the dog?", "Aunt Marrit feeds the dog.")
CLEANER = Fact("When does the cleaner come?", "The cleaner comes on Thursday.")
TAUGHT = [BIN, BIN_TOO, DOG, CLEANER]


def test_every_answer_of_the_fact_is_right_and_those_of_other_facts_compete():
    asked = Fact(
        "What day do I put the bin out?", "Thursday.", {"fact": BIN.content, "exam": True, "must": ["Thursday"]}
    )
    found = rival_answers(asked, TAUGHT)
    assert found.right == (BIN.answer, BIN_TOO.answer)
    assert found.wrong == (DOG.answer,), "the cleaner's day would be graded as right, so it does not compete"


def test_an_exam_question_that_names_no_fact_takes_the_answers_that_grading_accepts():
    asked = Fact("Who gives the dog its dinner?", "Marrit does.", {"exam": True, "must": ["Marrit"]})
    found = rival_answers(asked, TAUGHT)
    assert found.right == (DOG.answer,) and BIN.answer in found.wrong


def test_a_question_that_no_taught_answer_fits_has_no_right_one():
    found = rival_answers(Fact("Who built it?", "Edvin built it.", {"exam": True}), TAUGHT)
    assert found.right == () and len(found.wrong) == 4
