"""The keys of the Facts screen, their groups in the help, and its text."""

from __future__ import annotations

from textual.binding import Binding, BindingType

HELP = (
    "Here you write what the model should learn: questions as a person would ask them, and the answers you want. "
    "Several wordings of one question work better than one; the last column shows what a fact still lacks. "
    "Enter edits the chosen row, ← and → choose where you begin, a adds a row. Then press t to teach the facts.\n\n"
    "Every change is saved at once, and u undoes it. The version from before this session stays beside the file, "
    "with .bak at the end of its name. Rows marked exam (x) are never taught; they are asked afterwards. Lines "
    "marked ✗ cannot be read; they are kept as they are until you fix them (E).\n\n"
    "Once a run was taught these facts, the last column says what became of each, and the panel by which run and why:\n"
    "✓ learned: the model in service answers it by itself\n"
    "○ in the book: not taught yet; the server puts it into the prompt\n"
    "! waiting: it cannot be taught until you mend it\n"
    "✗ failed: the report card has a wrong answer"
)
HELP_GROUPS = (
    ("Rows", "add edit column duplicate exam delete move undo redo"),
    ("Teaching them", "app.teach suggest tokens page"),
    ("Which rows are shown", "search only show_all"),
    ("Files", "open bring export editor editor_file save"),
)
BINDINGS: list[BindingType] = [
    Binding("a", "add", "Add", tooltip="Add a row below the chosen one"),
    Binding("e", "edit", "Edit", tooltip="Edit the chosen row (so does Enter)"),
    Binding("t", "app.teach", "Teach", tooltip="Teach these facts to a model"),
    Binding("slash", "search", "Find", key_display="/", tooltip="Show only rows that contain some words"),
    Binding("u,ctrl+z", "undo", "Undo", key_display="u", tooltip="Undo the last change"),
    Binding("U,ctrl+y", "redo", "Redo", show=False, key_display="U", tooltip="Redo the change that was undone"),
    Binding("y", "duplicate", "Variant", show=False, tooltip="Write another question for the same fact"),
    Binding("x", "exam", "Exam", show=False, tooltip="Make the row an exam question, or teach it again"),
    Binding("d,delete", "delete", "Delete", show=False, key_display="d", tooltip="Delete the chosen row"),
    Binding("left_square_bracket,alt+up", "move(-1)", "Up", show=False, key_display="[", tooltip="Move the row up"),
    Binding(
        "right_square_bracket,alt+down", "move(1)", "Down", show=False, key_display="]", tooltip="Move the row down"
    ),
    Binding("f", "only", "Filter", show=False, tooltip="Show only rows of one kind, such as those without exam"),
    Binding(
        "v",
        "tokens",
        "Tokens",
        show=False,
        tooltip="Show the row's tokens, and which of them are learned",
    ),
    Binding("p", "page", "Page", show=False, tooltip="Show the sentence of the document that the row came from"),
    Binding("s", "suggest('question')", "Suggest", show=False, tooltip="Suggest other questions"),
    Binding("S", "suggest('answer')", "Answers", show=False, tooltip="Suggest other wordings of the answer"),
    Binding("E", "editor", "Row in editor", show=False, tooltip="Edit the row, with all its keys, in your $EDITOR"),
    Binding("W", "editor_file", "File in editor", show=False, tooltip="Edit the whole file in your $EDITOR"),
    Binding("o", "open", "Open", show=False, tooltip="Open another facts file from datasets/, or begin a new one"),
    Binding("I", "bring", "Import", show=False, tooltip="Add the facts of a CSV, chat or text file"),
    Binding("X", "export", "Export", show=False, tooltip="Export these facts as CSV or in a chat format"),
    Binding("ctrl+s", "save", "Save", show=False, tooltip="Try again to save"),
    Binding("left,h", "column(-1)", "Question", show=False, tooltip="Choose the question: Enter begins there"),
    Binding("right,l", "column(1)", "Answer", show=False, tooltip="Choose the answer: Enter begins there"),
    Binding("escape", "show_all", "All rows", show=False, key_display="Esc"),
]
