"""The app in a workspace of hostile texts: nothing of them reaches the terminal but what a reader may see."""

from __future__ import annotations

import pytest

from garage_tui.core.runs.record import Manifest, RunState, write_manifest, write_state
from tests.hostile.conftest import WITHOUT_LAST_FILTER, Wire
from tests.hostile.corpus import HUGE, SPECIMENS, all_harms
from tests.hostile.wire import refused

F2, F3, F4, F5, F6 = b"\x1bOQ", b"\x1bOR", b"\x1bOS", b"\x1b[15~", b"\x1b[17~"
F9 = b"\x1b[20~"
DOWN, END, ESC = b"\x1b[B", b"\x1b[F", b"\x1b"


def assert_harmless(wire: Wire) -> None:
    """Assert that all that was sent is of the app's own making."""
    assert not (leaked := refused(wire.seen)), "\n".join(leaked[:20])
    found = {name: harm for harm, name in all_harms().items() if harm in wire.seen}
    assert not found, found


def words_seen(wire: Wire) -> set[str]:
    return {one.name for one in SPECIMENS if one.word.encode() in wire.seen}


def test_facts_are_read_edited_and_opened(hostile, on_a_wire):
    app = on_a_wire(*WITHOUT_LAST_FILTER, "--workspace", hostile)
    app.reads(b"facts", b"problems")
    app.press(b"\x1b[C")
    for at in range(2 * len(SPECIMENS) + 7):
        if at < 6:
            app.press(b"e", b"Enter saves it", quiet=0.1)
            app.press(ESC, quiet=0.2)
        app.press(DOWN, quiet=0.02)
    app.press(b"o", b"Open a facts file")
    app.press(b"\r", quiet=0.5)
    app.press(b"/", quiet=0.4)
    app.press(b"\x1b[200~qz\x1b]0;pasted\x07\xe2\x80\xae tail\x1b[201~", b"No row matches")
    assert_harmless(app)
    assert words_seen(app) == {one.name for one in SPECIMENS}
    assert "␛".encode() in app.seen and "⟨U+202E⟩".encode() in app.seen


def test_runs_their_logs_and_their_cards(hostile, on_a_wire):
    app = on_a_wire(*WITHOUT_LAST_FILTER, "--workspace", hostile, "--screen", "runs")
    app.reads(b"failed")
    for _ in SPECIMENS:
        app.press(DOWN, quiet=0.05)
        app.press(F9, quiet=0.05)  # painted as a whole: else only the cells are sent that changed from run to run
    app.press(b"x", b"Report card")
    for key in (b"\x1b[C", b"\t", DOWN, DOWN):
        app.press(key)
    app.press(ESC)
    for keys in (b"m", b"kkm"):
        app.press(keys, quiet=0.2)
    app.press(ESC)
    for key in (b"l", b"w", b"l", b"y", ESC, b"X", ESC, b"d", ESC):
        app.press(key, quiet=0.12)
    assert_harmless(app)
    assert words_seen(app) == {one.name for one in SPECIMENS}


def test_a_chat_with_a_server_that_says_such_things(hostile, hostile_server, on_a_wire, tmp_path):
    (tmp_path / "config" / "garage_tui").mkdir(parents=True)
    (tmp_path / "config" / "garage_tui" / "garage.toml").write_text(f'[chat]\nserver = "{hostile_server}"\n')
    app = on_a_wire(*WITHOUT_LAST_FILTER, "--workspace", hostile, "--screen", "chat", rows=70)
    app.reads(b"an external server", b"learned")
    app.press(b"say\r", b"endc1csi", quiet=0.5)
    assert len(words_seen(app)) > len(SPECIMENS) / 2
    app.press(b"\x1ba", b"A new row for")
    app.press(ESC, b"Answers", quiet=0.3)
    app.press(b"error\r", b"qzsgr")
    app.press(b"phrase\r", b"HTTP 500")
    app.press(b"\x0f", quiet=0.3)
    app.press(b"book\r", quiet=0.4)
    app.press(b"\x14", b"Which tuned model?")
    app.press(ESC, b"Answers", quiet=0.3)
    app.press(b"\x19", b"Which chat?")
    for _ in range(5):
        app.press(DOWN, quiet=0.03)
    app.press(b"\r", quiet=0.5)
    app.press(b"\x07", quiet=0.3)
    assert_harmless(app)


@pytest.mark.long
def test_gallery_gauges_and_the_palette(hostile, on_a_wire):
    app = on_a_wire(*WITHOUT_LAST_FILTER, "--workspace", hostile, "--screen", "gallery")
    app.reads("▀".encode())
    for _ in range(4):
        app.press(DOWN)
        for _ in range(6):
            app.press(b"\x1b[C", quiet=0.02)
    for key in (b"m", b"b", b"y", b"s", ESC, b"g", ESC, b"o", ESC):
        app.press(key, quiet=0.2)
    app.press(F6, b"cores")
    app.press(b"\x10", quiet=0.5)
    app.press(ESC)
    assert_harmless(app)


def test_lines_of_ten_megabytes_hold_nothing_up(workspace, on_a_wire):
    row = b'{"question": "Who is qzlong?", "answer": "' + b"qz " * (HUGE // 3) + b'"}\n'
    near = b'{"question": "Who is qznear?", "answer": "' + "qé\u202e".encode() * 100_000 + b'"}\n'
    facts = workspace.datasets / "garage.jsonl"
    facts.write_bytes(row + near + facts.read_bytes())
    run = workspace.checkpoints / "20261123-2315-lora-long"
    run.mkdir()
    write_manifest(run, Manifest(id=run.name, kind="lora", created=1.0, recipe={}, base={}, dataset={}))
    write_state(run, RunState(state="failed", reason="qzreason " * 60, total_steps=9))
    for name in ("log.txt", "events.jsonl"):
        (run / name).write_bytes(b"qzfirst\n" + b"x\xff\x1b[31m" * (HUGE // 7) + b"\nqzlast\n")
    app = on_a_wire(*WITHOUT_LAST_FILTER, "--workspace", workspace.root)
    app.reads(b"qzlong")
    app.press(DOWN, "⟨U+202E⟩".encode())
    app.press(DOWN, b"TinyLLM")
    app.press(F3, b"qzlast")
    app.press(F2, b"TinyLLM")
    assert_harmless(app)


def test_what_a_widget_was_given_uncleaned_is_blank(on_a_wire):
    """The door behind all others: Textual's own widgets, with texts that nobody has cleaned."""
    program = (
        "from textual.widgets import Label, TextArea; from garage_tui.app.terminal_app import TerminalApp;"
        "from tests.hostile.corpus import SPECIMENS\n"
        "class Raw(TerminalApp):\n"
        "    def compose(self):\n"
        "        for one in SPECIMENS: yield Label(one.text, markup=False)\n"
        "        yield TextArea(SPECIMENS[9].text)\n"
        "Raw().run()\n"
    )
    app = on_a_wire("-c", program, rows=2 * len(SPECIMENS) + 10)
    app.reads(SPECIMENS[9].word.encode())
    app.settles(1)
    leaks = [leak for leak in refused(app.seen) if not leak.startswith("a flood")]
    assert not leaks, "\n".join(leaks[:10])
    assert not {harm for harm, name in all_harms().items() if harm in app.seen and name != "zalgo"}
