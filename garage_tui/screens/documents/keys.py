"""The keys of the Documents screen, their groups in the help, and its text."""

from __future__ import annotations

from textual.binding import Binding, BindingType

HELP = (
    "Here you read documents beside the facts that were proposed from them, and decide which become rows of the facts "
    "file. o reads a document; Enter opens it. Nothing is taught before you accept it.\n\n"
    "Every sentence has a mark:\n"
    "◇ proposed: a fact passes every check and waits for you\n"
    "! failing: a fact was proposed, and a check fails; the right side says why\n"
    "● taught: its rows are in the facts file; the model in service lacks some\n"
    "✓ known: the model answers it by itself, because it has learned it or knew it before\n"
    "○ no fact yet: it states something, and nothing was proposed; w writes a fact\n"
    "– refused: you refused what was proposed\n"
    "≠ outdated: rows of the facts file quote it, and the document no longer says it\n\n"
    "A document is read and offered by a process of its own, which goes on when you leave the app. p pauses it; p "
    "again goes on where it stopped."
)
HELP_GROUPS = (
    ("Documents", "open_document read propose pause remove leave"),
    ("In the document", "sentence page end waiting fact go"),
    ("Decide", "accept refuse edit write accept_page accept_all undo"),
    ("Elsewhere", "app.show"),
)
BINDINGS: list[BindingType] = [
    Binding("enter", "open_document", "Open", tooltip="Open the chosen document"),
    Binding("a", "accept", "Accept", tooltip="Accept the fact: its questions become rows of the facts file"),
    Binding("x,d,delete", "refuse", "Refuse", key_display="x", tooltip="Refuse the fact"),
    Binding("e", "edit", "Edit", tooltip="Change the fact; it is checked again"),
    Binding("n", "waiting(1)", "Next", tooltip="Go to the next fact that waits for you"),
    Binding("o", "read", "Read", tooltip="Read a document, and have facts proposed from it"),
    Binding("p", "propose", "Propose", tooltip="Read it again and propose facts from what was not offered"),
    Binding("p", "pause", "Pause", tooltip="Pause reading and proposing; what was proposed is kept"),
    Binding(
        "A", "accept_page", "Accept page", show=False, tooltip="Accept all facts of this page that pass every check"
    ),
    Binding(
        "D", "accept_all", "Accept all", show=False, tooltip="Accept all facts of the document that pass every check"
    ),
    Binding("u,ctrl+z", "undo", "Undo", key_display="u", tooltip="Take the last decision back"),
    Binding(
        "d,delete",
        "remove",
        "Take off",
        show=False,
        key_display="d",
        tooltip="Take the document off the list; its rows stay",
    ),
    Binding("w", "write", "Write", show=False, tooltip="Write a fact from this sentence"),
    Binding("N", "waiting(-1)", "Previous", show=False, tooltip="Go to the previous fact that waits for you"),
    Binding("down,j", "sentence(1)", "Down", show=False, key_display="↓", tooltip="Go to the next sentence"),
    Binding("up,k", "sentence(-1)", "Up", show=False, key_display="↑", tooltip="Go to the previous sentence"),
    Binding("right,l", "fact(1)", "Next fact", show=False, key_display="→", tooltip="The next fact of this sentence"),
    Binding("left,h", "fact(-1)", "Fact before", show=False, key_display="←", tooltip="The fact before it"),
    Binding(
        "right_square_bracket,pagedown",
        "page(1)",
        "Next page",
        show=False,
        key_display="]",
        tooltip="Go to the next page",
    ),
    Binding(
        "left_square_bracket,pageup", "page(-1)", "Page back", show=False, key_display="[", tooltip="Go back by a page"
    ),
    Binding("home,g", "end(0)", "First page", show=False, key_display="g", tooltip="Go to the first page"),
    Binding("end,G", "end(-1)", "Last page", show=False, key_display="G", tooltip="Go to the last page"),
    Binding("enter", "go", "Go there", tooltip="Go to the sentence that is most like the outdated one"),
    Binding("f", "app.show('facts')", "Facts", show=False, tooltip="Go to the facts"),
    Binding("escape", "leave", "List", key_display="Esc", tooltip="Back to the list of documents"),
]
