"""The keys of the Chat screen, its help, and the groups of keys in it."""

from __future__ import annotations

from textual.binding import Binding, BindingType

HELP = (
    "Type a question and press Enter: the base model answers on the left, your tuned model on the right. Ask about "
    "what you taught, and also about other things: a good run changes only what it should. Ctrl+O opens a third "
    "column, the open book: there the base model answers with the matching facts of your file and the matching "
    "passages of your documents in its prompt.\n\n"
    "Tab goes to the answers, where the arrow keys choose one: e edits its question and asks it again, c copies "
    "the answer, a makes a fact of it, x makes an exam question of it, p shows the page that the open book cites. "
    "While you type, Alt and the same letter acts on the newest answer.\n\n"
    "A question that you send while an answer arrives waits until that has ended; ↑ in the empty input field takes it "
    "back. Esc stops the answer and holds those that wait until you press Enter. They are kept when you leave, "
    "and an answer in which the model only repeats itself is stopped.\n\n"
    "A small server on this box answers. It starts with your first question and stops when nobody uses it. Each "
    "model sees only its own conversation. Ctrl+L starts a new one. All of them are saved in datasets/chats."
)
HELP_GROUPS = (
    ("Ask", "stop step scroll columns pick settings"),
    ("Conversations", "clear reload"),
    ("An answer", "answers turn aside leave"),
    ("The server", "restart"),
)
BINDINGS: list[BindingType] = [
    Binding("escape", "stop", "Stop", key_display="Esc", tooltip="Stop the answers"),
    Binding("escape", "leave", "Back to the input field", show=False, key_display="Esc"),
    Binding("e", "turn('edit')", "Edit"),
    Binding("a", "turn('fact')", "Fact"),
    Binding("x", "turn('exam')", "Exam"),
    Binding("c,y", "turn('copy')", "Copy", key_display="c"),
    Binding("p", "turn('page')", "Page"),
    # Priority, because the input field would take these keys for itself and has no use for them.
    Binding(
        "tab,shift+tab",
        "answers",
        "Answers",
        key_display="Tab",
        priority=True,
        tooltip="Go to the answers to choose one, or back",
    ),
    Binding("ctrl+o", "columns", "Book", tooltip="Change the columns: with or without the open book"),
    Binding("ctrl+g", "settings", "Settings", tooltip="Set temperature, length, seed and system prompt"),
    Binding("ctrl+y", "reload", "Chats", tooltip="Open an earlier chat, or delete one"),
    Binding("ctrl+l", "clear", "New", show=False, tooltip="Start a new conversation; this one stays saved"),
    Binding("ctrl+t,r", "pick", "Model", show=False, key_display="^t", tooltip="Choose which tuned model answers"),
    Binding("ctrl+r", "restart", show=False, tooltip="Restart the model server"),
    Binding(
        "alt+a",
        "turn('fact')",
        show=False,
        priority=True,
        tooltip="Make a fact of the question, with the answer that you want",
    ),
    Binding(
        "alt+x",
        "turn('exam')",
        show=False,
        priority=True,
        tooltip="Make an exam question of it, which no run is taught",
    ),
    Binding("alt+e", "turn('edit')", show=False, priority=True, tooltip="Edit a question and continue from there"),
    Binding(
        "alt+p",
        "turn('page')",
        show=False,
        priority=True,
        tooltip="Show the page of the document that the open book cites",
    ),
    Binding("alt+c", "turn('copy')", show=False, priority=True, tooltip="Copy an answer to the clipboard"),
    Binding("pageup", "scroll(-1)", show=False, priority=True, tooltip="Scroll all columns up"),
    Binding("pagedown", "scroll(1)", show=False, priority=True, tooltip="Scroll all columns down"),
    Binding("up", "step(-1)", show=False, priority=True, tooltip="The previous question, or the turn above"),
    Binding("down", "step(1)", show=False, priority=True, tooltip="The next question, or the turn below"),
    Binding("left,h", "aside(-1)", "Choose the answer on the left", show=False),
    Binding("right,l", "aside(1)", "Choose the answer on the right", show=False),
    Binding("k", "step(-1)", "Choose the turn above", show=False),
    Binding("j", "step(1)", "Choose the turn below", show=False),
    Binding("enter,i", "answers", "Back to the input field", show=False),
]
