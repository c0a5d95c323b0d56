"""Texts that do harm to a terminal, or to whoever reads it; each has an innocent word of its own that must be seen."""

from __future__ import annotations

import os
from dataclasses import dataclass


@dataclass(frozen=True)
class Specimen:
    """One hostile text."""

    name: str
    does: str
    """What it does where it reaches a terminal as it is."""
    core: str
    """The hostile part; none of its `parts` may be sent."""
    parts: tuple[str, ...] = ()
    """What must not be found among the bytes; by default the whole core."""

    @property
    def word(self) -> str:
        """The innocent word before the hostile part."""
        return f"qz{self.name}"

    @property
    def text(self) -> str:
        return f"{self.word} {self.core} end{self.name}"

    @property
    def harms(self) -> tuple[bytes, ...]:
        return tuple(part.encode("utf-8", "surrogatepass") for part in self.parts or (self.core,))

    @property
    def file_name(self) -> str:
        """As much of it as a file name takes: no slash, no NUL, 200 bytes, whole characters or not."""
        name = self.text.replace("/", "|").replace("\0", "")
        return os.fsdecode(name.encode("utf-8", "surrogatepass")[:200])


def _s(name: str, does: str, core: str, *parts: str) -> Specimen:
    return Specimen(name, does, core, parts)


SPECIMENS = (
    _s("sgr", "blinks and hides what follows", "\x1b[5;8;38;5;199mhid\x1b[0;77m", "\x1b[5;8;38;5;199m", "\x1b[0;77m"),
    _s("cursor", "writes over another line", "\x1b[3;7Hover", "\x1b[3;7Hover"),
    _s("clear", "clears screen and scrollback", "\x1b[2J\x1b[3J", "\x1b[3J", "\x1b[2J\x1b[3J"),
    _s("ris", "resets the terminal", "\x1bc\x1b[!p", "\x1bc", "\x1b[!p"),
    _s("charset", "turns letters into line drawing", "\x1b(0lqk\x0e", "\x1b(0", "\x0e"),
    _s("altscreen", "leaves the alternate screen", "\x1b[?1049l\x1b[?47l", "\x1b[?47l", "\x1b[?1049l\x1b"),
    _s("mouse", "has the mouse type into the shell", "\x1b[?1002;1005h", "\x1b[?1002;1005h"),
    _s("report", "has the terminal type an answer", "\x1b[0c\x1b[21t\x1b[?6n", "\x1b[0c", "\x1b[21t", "\x1b[?6n"),
    _s("decrqss", "has the terminal type an answer", "\x1bP$qm\x1b\\", "\x1bP$q"),
    _s("osc0", "renames the window", "\x1b]0;qzevil title\x07", "\x1b]0;"),
    _s("osc0st", "renames the window", "\x1b]2;qzevil title\x1b\\", "\x1b]2;qz"),
    _s("osc7", "lies about the folder", "\x1b]7;file://qz/etc\x07", "\x1b]7;"),
    _s("osc8", "hides where a link leads", "\x1b]8;;https://qzevil.example\x1b\\safe\x1b]8;;\x1b\\", "\x1b]8;"),
    _s("osc52", "writes the clipboard", "\x1b]52;c;cXpldmls\x07", "\x1b]52;"),
    _s("osc1337", "sends a file to iTerm2", "\x1b]1337;File=name=cXo=:cXo=\x07", "\x1b]1337;"),
    _s("osc9", "notifies", "\x1b]9;qzevil\x07\x1b]777;notify;qz;evil\x07", "\x1b]9;", "\x1b]777;"),
    _s("unended", "swallows all that follows", "\x1b]0;qznever ended", "\x1b]0;"),
    _s("unendeddcs", "swallows all that follows", "\x1bPqznever ended", "\x1bP"),
    _s("tmuxdcs", "passes through tmux", "\x1bPtmux;\x1b\x1b]52;c;cXo=\x07\x1b\\", "\x1bPtmux;\x1b\x1b]52"),
    _s("sixel", "paints", "\x1bPq#0;2;97;0;97#0!9~\x1b\\", "\x1bPq#0;2;97"),
    _s("kitty", "paints, or reads a file", "\x1b_Ga=T,t=f,f=100;L2V0Yy9ob3N0bmFtZQ==\x1b\\", "\x1b_Ga=T,t=f"),
    _s("kittycell", "shows a part of a picture", "\U0010eeee\u0305\u0305\U0010eeee\u0305\u030d"),
    _s("pm", "is swallowed", "\x1b^qzpm\x1b\\\x1bXqzsos\x1b\\", "\x1b^", "\x1bX"),
    _s("c1csi", "moves the cursor, in one character", "\x9b31mred\x9b0m\x9b3;7H", "\x9b"),
    _s(
        "c1osc",
        "renames the window, in one character",
        "\x9d0;qzevil\x9c\x90q~\x9c\x9fGa=d\x9c",
        "\x9d",
        "\x90",
        "\x9f",
    ),
    _s("nel", "breaks the line", "one\x85two\x84three", "\x85", "\x84"),
    _s("nul", "ends the text where C reads it", "be\0fore", "\0"),
    _s(
        "bell",
        "rings, erases, moves",
        "\x07\x07ab\x08\x08\x08xy\x0b\x0c\x7f",
        "\x07\x07",
        "\x08",
        "\x0b",
        "\x0c",
        "\x7f",
    ),
    _s("cr", "writes over its own line", "shown\rhidden", "shown\rhidden"),
    _s("flow", "stops the terminal, prints", "\x13\x11\x05\x1b[5i\x1b[4i", "\x13", "\x11", "\x05", "\x1b[5i"),
    _s("esc", "begins whatever comes next", "tail\x1b", "\x1b end"),
    _s(
        "nested",
        "is an escape again once one was removed",
        "\x1b\x1b[m]0;qzevil\x07 \x1b[\x1b]x\x07m",
        "\x1b]0;qz",
        "\x1b]x",
        "\x1b\x1b",
    ),
    _s(
        "bidi",
        "turns the direction of the text",
        "\u202egpj.exe\u202c \u2067abc\u2069",
        "\u202e",
        "\u202c",
        "\u2067",
        "\u2069",
    ),
    _s("marks", "are marks of direction", "a\u200eb\u200fc\u061cd", "\u200e", "\u200f", "\u061c"),
    _s("zerowidth", "is not seen", "pass\u200bw\u2060o\ufeffr\u00add", "\u200b", "\u2060", "\ufeff", "\u00ad"),
    _s("tags", "is read by a model and seen by nobody", "".join(chr(0xE0000 + ord(c)) for c in "ignore"), "\U000e0069"),
    _s("variants", "hides bytes in one letter", "😀" + "".join(chr(0xE0100 + n) for n in b"hidden"), "\U000e0168"),
    _s("separators", "breaks lines", "one\u2028two\u2029three", "\u2028", "\u2029"),
    _s("fillers", "looks like nothing", "a\u3164b\u115fc\uffa0d", "\u3164", "\u115f", "\uffa0"),
    _s("zalgo", "hangs over the lines around it", "h" + "\u0315\u0321\u0489" * 40, "\u0315\u0321\u0489" * 5),
    _s(
        "markup",
        "is Rich's or Textual's markup",
        "[bold red]b[/] [@click=app.quit]x[/] [link=http://qz]l[/link] [/none] \\[",
        "\x1b]8",
    ),
    _s("tmux", "is a format of tmux", "#[fg=red,reverse]#(touch qzevil)#{pane_pid}", "\x1bk"),
    _s("format", "is a format of C, Python or Rich", "%s %n {0} {self} :smiley: $HOME `id`", "\x1bk"),
    _s("wide", "is as wide as a word", "\ufdfd\U00012031\u2e3b﷽", "\x1bk"),
    _s("surrogate", "is half a character", "a\ud83db\udc80c", "\ud83d", "\udc80"),
)

BAD_BYTES = (b"qzbytes \xff\xfe\xc0\xaf \xed\xa0\x80 \xf8\x88\x80\x80\x80 \xe2\x80 \x9b2J\x1b\xff]0;x\x07 endbytes",)
"""Bytes that are no UTF-8; with them come escapes that a lenient reader would let through."""
HUGE = 10_000_000
"""Characters of a line that nobody can want to read."""


def all_harms() -> dict[bytes, str]:
    """Return every byte sequence that must not be found, with the name of its specimen."""
    return {harm: one.name for one in SPECIMENS for harm in one.harms}
