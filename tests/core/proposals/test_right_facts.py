"""Right facts, as a capable model writes them, pass every check; each kind was refused once."""

import pytest

from garage_tui.core.proposals.checks import CheckedPassage, make_proposal, names_of_document
from garage_tui.core.proposals.known_questions import KnownQuestions
from garage_tui.core.proposals.proposal import WrittenFact
from tests.support.passages import passage_of

PRINTING = "If the -p option is left out, the drawing is saved under a default name and nothing is printed at all."
LIST = "Version 2.1 of plot3d:\n• Fixed the saving of drawings under a name that has blanks\n• Added colours"
SECTION = "The qdraw(1) program is a helper that allows plot3d to print without the rights of the owner."


def written(
    quote,
    answer,
    statement,
    questions=("Who keeps the lodge?", "By whom is the lodge kept?"),
    exam="Whose is it?",
):
    return WrittenFact(statement, quote, questions, exam, answer)


def passes(text, fact, heading="The plot3d manual", names=(), known=None):
    checked = CheckedPassage.of(passage_of(text, heading=heading), names=names)
    proposal = make_proposal(fact, checked, "a model", known or KnownQuestions())
    return {check.name: check.reason for check in proposal.failed}


@pytest.mark.parametrize(
    ("text", "fact"),
    [
        (  # a name with a digit, which stands in the heading only
            PRINTING,
            written(
                PRINTING,
                "The drawing is saved under a default name.",
                "Without the -p option plot3d saves the drawing under a default name.",
                (
                    "What name has a plot3d drawing without -p?",
                    "How does plot3d name a drawing without -p?",
                ),
                "What does plot3d do with a drawing if -p is left out?",
            ),
        ),
        (  # an item of a list, of a version that a line above it names
            LIST,
            written(
                "Fixed the saving of drawings under a name that has blanks",
                "The saving of drawings under a name that has blanks was fixed.",
                "In plot3d 2.1 the saving of drawings under a name that has blanks was fixed.",
                ("What was fixed in plot3d 2.1?", "Which fault of saving drawings did plot3d 2.1 mend?"),
                "Under which names does plot3d save drawings rightly since version 2.1?",
            ),
        ),
        (  # a program with its section of the manual, and a negation of something else
            SECTION,
            written(
                SECTION,
                "The qdraw(1) program allows plot3d to print.",
                "The qdraw(1) program allows plot3d to print.",
                ("What does qdraw(1) allow plot3d to do?", "Which program allows plot3d to print?"),
                "By which helper can plot3d print?",
            ),
        ),
        (  # a count of what is asked for
            "The size of a plot3d drawing is set by plot_width and plot_height.",
            written(
                "The size of a plot3d drawing is set by plot_width and plot_height.",
                "The size is set by plot_width and plot_height.",
                "The size of a plot3d drawing is set by plot_width and plot_height.",
                ("Which two settings give the size of a plot3d drawing?", "How is the size of a plot3d drawing set?"),
                "By what is the size of a plot3d drawing determined?",
            ),
        ),
    ],
    ids=["name of the heading", "item of a list", "section and other negation", "count in the question"],
)
def test_a_right_fact_passes(text, fact):
    assert passes(text, fact) == {}


def test_a_question_may_name_what_the_whole_document_is_about_though_its_passage_does_not():
    text = "All other bytes of the header are reserved for future expansion."
    fact = written(
        text,
        text,
        "All other bytes of the Kestrel header are reserved for future expansion.",
        (
            "For what are other bytes of the Kestrel header reserved?",
            "Why are Kestrel's bytes left free?",
        ),
        "For which purpose does Kestrel keep the other bytes of its header?",
    )
    assert "values" in passes(text, fact, heading="The header")
    about = [passage_of(f"A Kestrel file has {count} pages.") for count in ("ten", "no", "many")]
    names = names_of_document([*about, passage_of("Tom once saw it."), passage_of(text)])
    assert "Kestrel" in names and "Tom" not in names
    assert passes(text, fact, heading="The header", names=names) == {}


@pytest.mark.parametrize(
    ("quote", "statement", "refused"),
    [
        ("Smoking in the lodge is not allowed.", "Smoking in the lodge is allowed.", "not"),
        ("The lodge may not, whatever guests say, be heated.", "The lodge may be heated by guests.", "not"),
        ("The lodge never opens its doors before noon.", "The lodge opens its doors before noon.", "never"),
        ("The lodge has a pump that does not freeze, and a bell.", "The lodge has a pump, and a bell.", ""),
    ],
)
def test_a_negation_counts_where_it_is_about_what_is_stated(quote, statement, refused):
    reason = passes(quote, written(quote, statement, statement), heading="The lodge").get("support", "")
    assert (f"“{refused}”" in reason) if refused else "the quote says" not in reason


def test_long_questions_of_one_subject_do_not_contradict_each_other_because_both_ask_what_it_does():
    known = KnownQuestions()
    first = "In contrast plot3d presents its output data in graphical form."
    second = "Since 4.1 plot3d reads the pipe again if not all data came at the first read."
    one = written(
        first, first, first, ("In which form does plot3d present its output data?", "How are plot3d's results shown?"),
        "Which form has the output of plot3d?",
    )  # fmt: skip
    other = written(
        second, "plot3d reads the pipe again.", second,
        ("What does plot3d 4.1 do if not all data came at the first read?", "When does plot3d 4.1 read a pipe twice?"),
        "Which thing does plot3d 4.1 read again?",
    )  # fmt: skip
    checked = CheckedPassage.of(passage_of(f"{first} {second}", heading="The plot3d manual"))
    proposal = make_proposal(one, checked, "a model", known)
    assert proposal.passes, proposal.failed
    known.add(proposal)
    assert "contradiction" not in {check.name for check in make_proposal(other, checked, "a model", known).failed}


def test_the_quote_takes_in_the_sentence_before_where_it_begins_with_a_word_that_stands_for_something():
    text = "Guests came. The lodge has a smear of its clock, called leap smear. This is set by smoothtime."
    checked = CheckedPassage.of(passage_of(text, heading="The lodge"))
    fact = written(
        "This is set by smoothtime.", "Leap smear is set by smoothtime.", "The leap smear is set by smoothtime.",
        ("What sets the leap smear of the lodge?", "By which directive is the lodge's leap smear set?"),
        "Which directive gives the lodge its leap smear?",
    )  # fmt: skip
    proposal = make_proposal(fact, checked, "a model", KnownQuestions())
    assert proposal.passes, proposal.failed
    assert proposal.quote == "The lodge has a smear of its clock, called leap smear. This is set by smoothtime."
    assert text[proposal.start : proposal.end] == proposal.quote


def test_the_quote_takes_in_the_sentence_before_that_has_what_the_statement_names():
    text = "The lodge prints as PCX. Nobody likes that. It was formerly much used on small computers. Dogs may come."
    checked = CheckedPassage.of(passage_of(text, heading="The lodge"))
    statement = "The PCX prints of the lodge were much used on small computers."
    fact = written("It was formerly much used on small computers.", "They were used on small computers.", statement)
    assert make_proposal(fact, checked, "a model", KnownQuestions()).quote == text.removesuffix(" Dogs may come.")
