"""A question is understood by somebody who does not have the document; what points at the document is refused."""

import pytest

from garage_tui.core.proposals.subject import why_no_subject, with_subject

WITHOUT = [
    "What does this document describe?", "Who is the author?", "What does the table above show?", "What does it do?",
    "What do they provide?", "What is the default value?", "What is described in the following section?",
    "What does the author recommend?", "Where is this package installed?", "What is the purpose of the document?",
    "Who wrote the guide?", "How many are there?", "What is mentioned above?",
    "According to the passage, who founded Debian?", "What is the main idea of the text?", "What does the latter mean?",
    "Which of these files is required?", "What must he do?", "What is its license?", "When was the manual written?",
    "What does our project use?", "What is the version number?", "In the text, what does Debian mean?",
    "What is listed below?", "Who are the authors of this guide?", "What does the section say?", "Why do we use it?",
    "What does that package contain?", "What is such a system called?", "What is the name of the project?",
    "What does the example show?", "What is stated in the quote?", "What does the figure below show about apt?",
    "What is the former called?", "What can be found here?", "Where is the aforementioned file /etc/x?",
    "What does she maintain?", "Whose are theirs?", "What is that?", "Which option is described earlier?",
    "What does the writer of the text say about dpkg?", "Based on the information above, what is apt?",
    "What is the second parameter?", "Which value is given in Table 3 below?", "What is the status of the result?",
]  # fmt: skip
WITH = [
    "What does Debian use as its baseline standard?", "Who is the author of Dune?", "Who created the Debian Project?",
    "How many packages does Debian include?", "How long does it take to build gcc?",
    "Where is TinyLLM hosted and who maintains it?", "What is the Section field of debian/control?",
    "How do I install dpkg?", "Is it possible to run apt without root?",
    "What boils above 100 degrees Celsius at the Red Lion?", "What is the Table of Ranks?", "Who feeds Tuppence?",
    "What does the list of blessed packages of Debian contain?", "What is a release-critical bug?",
    "What happens when a package loses its maintainer?", "What is the maximum length of a package name?",
    "Which key length is preferred for an OpenPGP key?", "When did the US join?", "What does `--force` do?",
    "Which IT department maintains the server room?", "What is the role of the FTP masters?",
    "How is the word Debian pronounced?", 'What does "advocate" mean in the New Member process?',
    "Which bug severities make a package unsuitable for release?", "What is it that Debian uses as its standard?",
    "I have a question about git hooks. What can they get via the environment?", "Is it true that Linux is a kernel?",
    "What is the author of Emacs called?", "Which page of Wikipedia is about Linux?", "What is /etc/passwd?",
]  # fmt: skip


@pytest.mark.parametrize("question", WITHOUT)
def test_a_question_without_its_subject_is_refused_with_the_reason(question):
    assert why_no_subject(question)


@pytest.mark.parametrize("question", WITH)
def test_a_question_that_names_its_subject_is_taken(question):
    assert why_no_subject(question) == ""


@pytest.mark.parametrize(
    ("statement", "is_taken"),
    [
        ("Debian is popular.", True),
        ("Everything is popular.", False),
        ("It is popular.", False),
        ("This manual is distributed by Debian.", False),
        ("The package is popular.", False),
        ("If it is set, Git will stop.", False),
        ("Tuppence sleeps in the shed, as shown above.", False),
    ],
)
def test_a_statement_is_understood_alone_too(statement, is_taken):
    assert bool(why_no_subject(statement, statement=True)) != is_taken


@pytest.mark.parametrize(
    ("question", "subject", "title", "rewritten"),
    [
        ("What does it run on top of?", "The Hurd", "", "What does the Hurd run on top of?"),
        ("What is its license?", "TinyLLM", "", "What is TinyLLM's license?"),
        ("Who wrote this manual?", "", "Debian Policy Manual", "Who wrote the Debian Policy Manual?"),
        ("Who wrote this document?", "", "The Debian FAQ", "Who wrote The Debian FAQ?"),
        # nothing is replaced where another thing can be meant
        ("Who wrote this manual?", "", "A week in Rome", "Who wrote this manual?"),
        ("Where is TinyLLM, and who maintains it?", "The Hurd", "", "Where is TinyLLM, and who maintains it?"),
        ("How does it say what they do?", "The Hurd", "", "How does it say what they do?"),
        ("What is it that Debian uses?", "The Hurd", "", "What is it that Debian uses?"),
        ("Why do we use apt?", "The Hurd", "", "Why do we use apt?"),
        ("What does it do?", "", "", "What does it do?"),
    ],
)
def test_a_subject_is_put_in_only_where_one_thing_can_be_meant(question, subject, title, rewritten):
    assert with_subject(question, subject, title) == rewritten
