"""The app as a whole: its screens, the keys that work everywhere, the palette, and leaving."""

from __future__ import annotations

import re

import pytest
from textual.binding import Binding
from textual.dom import DOMNode

from docs.generate import keys
from garage_tui.app.action_palette import list_actions
from garage_tui.app.saved_view import SavedView, load_view, view_file


async def test_it_opens_on_the_facts_and_makes_the_other_screens_when_they_are_asked_for(open_app):
    async with open_app() as user:
        await user.sees("F2 Facts", "F3 Runs", "F4 Chat", "What is TinyLLM?")
        assert not user.app.query("#runs, #chat")
        await user.press("f3")
        await user.sees("No runs yet", "Press n to start one")
        await user.press("f4")
        await user.sees("Base · smollm2-135m", "No tuned model yet")
        await user.press("f2")
        await user.sees("What is TinyLLM?", "35 rows · 11 facts · 11 exam · ready to teach")


@pytest.mark.parametrize(
    ("screen", "sees"),
    [
        ("facts", "35 rows"),
        ("runs", "No runs yet"),
        ("chat", "Ask the base model …"),
        ("gallery", "No pictures yet"),
        ("gpu", "This box"),
    ],
)
async def test_it_opens_on_the_screen_that_was_named(open_app, screen, sees):
    async with open_app(screen=screen) as user:
        await user.sees(sees)


@pytest.mark.parametrize("screen", ["F2", "F3", "F4", "F5", "F6"])
async def test_escape_never_leaves_a_screen_however_often_it_is_pressed(open_app, make_run, screen):
    make_run("20261123-2315-lora-garage", "finished").adapter()
    async with open_app(screen="gpu" if screen == "F2" else "facts") as user:
        await user.press(screen.lower())
        pane = user.app.pane
        await user.press("escape", "escape", "escape")
        assert user.app.pane is pane


@pytest.mark.parametrize("size", [(120, 40), (80, 24)])
@pytest.mark.parametrize("screen", ["facts", "runs", "chat", "gallery", "gpu"])
async def test_the_first_and_the_last_line_fit_and_the_keys_are_seven_at_most(open_app, make_run, screen, size):
    make_run("20261123-2315-lora-garage", "running", step=34, seconds_left=120.0).hold()
    async with open_app(screen=screen, size=size) as user:
        text = await user.sees("34/100 · 2 min left")
        first, *_, last = text.splitlines()
        assert (
            ("garage" in first or size[0] < 90) and "F2 Facts" in first and "F4 Chat" in first and "2 min left" in first
        )
        assert "F1 Help" in last and "^p All actions" in last and "Quit" in last
        assert len(user.app.query_one("KeyBar").keys) <= 7  # type: ignore[attr-defined]
        assert all(len(line) == size[0] for line in text.splitlines())


async def test_the_palette_does_what_the_keys_do(open_app):
    async with open_app() as user:
        await user.press("ctrl+p")
        await user.sees("Add a row below", "Teach these facts")
        await user.types("runs")
        await user.sees_no("Add a row below")
        await user.press("down", "enter")
        await user.sees("No runs yet")


@pytest.mark.parametrize(("typed", "first"), [("theme", "Change the theme: its colours"), ("undo", "Undo the last")])
async def test_the_palette_shows_what_has_the_word_that_was_typed_first(open_app, typed, first):
    async with open_app() as user:
        await user.sees("35 rows")
        await user.press("a", "x", "enter", "y", "enter")  # there is something to undo
        await user.sees("Saved")
        await user.press("ctrl+p")
        await user.types(typed)
        screen = await user.sees(first)
        lines = [line for line in screen.splitlines() if "╭─" not in line and first in line]
        above = screen.splitlines()[: screen.splitlines().index(lines[0])]
        assert not any("for the same fact" in line or "Teach these facts" in line for line in above)


@pytest.mark.parametrize("front", [*"123456"])
async def test_no_action_is_twice_in_the_palette(open_app, front):
    async with open_app(size=(80, 24)) as user:
        await user.sees("35 rows")
        await user.press(front)
        await user.pilot.pause(0.3)
        texts = [action.text for action in list_actions(user.app.screen)]
        assert len(texts) >= 8 and len(texts) == len(set(texts)), texts


def test_no_line_of_the_palette_is_cut_at_80_columns():
    keys.load_all()
    cut = [
        binding.tooltip
        for node in subclasses(DOMNode)
        for binding in vars(node).get("BINDINGS", ())
        if isinstance(binding, Binding)
        and node.__module__.startswith("garage_tui.")
        and len(binding.tooltip) + 2 + len(binding.key_display or binding.key.split(",")[0]) > 66
    ]
    assert cut == []


def subclasses(kind):
    return {found for one in kind.__subclasses__() for found in (one, *subclasses(one))}


async def test_the_palette_has_one_line_an_action_with_its_key_at_the_right_and_the_screens_own_first(open_app):
    async with open_app(size=(80, 24)) as user:
        await user.press("ctrl+p")
        await user.sees("Add a row below", "Teach these facts")
        lines = [line.strip(" │╰─╯╭╮") for line in user.screen.splitlines()]
        add, teach = (next(i for i, line in enumerate(lines) if text in line) for text in ("Add a row", "Teach these"))
        assert add < teach < add + 6
        assert re.search(r"Teach these facts to a model {5,}t$", lines[teach])
        await user.types("redraw")
        await user.sees_no("Add a row below")
        assert re.search(r"Redraw the screen {5,}F9", user.screen)


async def test_digits_and_the_question_mark_do_what_f_keys_do_where_no_text_is_typed(open_app):
    async with open_app() as user:
        await user.press("2")
        await user.sees("No runs yet")
        await user.press("question_mark")
        await user.sees("Runs – help")
        await user.press("escape", "5")
        await user.sees("This box")
        await user.press("3")
        await user.sees("Ask the base model …")
        await user.types("2?")
        assert user.app.query_one("#chat-input").value == "2?"  # type: ignore[attr-defined]


async def test_it_opens_where_it_was_left_with_the_file_and_the_theme(open_app, workspace):
    (workspace.datasets / "shed.jsonl").write_text('{"question": "Where is the rake?", "answer": "In the shed."}\n')
    async with open_app(view=SavedView()) as user:
        await user.press("2")
        await user.sees("No runs yet")
        user.app.theme = "textual-light"
        await user.press("q")
    assert load_view(workspace) == SavedView("runs", "garage.jsonl", "textual-light")
    async with open_app(view=SavedView("facts", "shed.jsonl", "textual-light")) as user:
        await user.sees("Where is the rake?")
        assert user.app.theme == "textual-light"


@pytest.mark.parametrize(
    "kept", ["", "{", "[]", '{"screen": 3}', '{"screen": "cellar", "facts": "../x", "theme": "y"}']
)
async def test_a_view_that_cannot_be_used_opens_the_facts(open_app, workspace, kept):
    view_file(workspace).parent.mkdir(parents=True, exist_ok=True)
    view_file(workspace).write_text(kept)
    async with open_app(view=load_view(workspace)) as user:
        await user.sees("35 rows")


async def test_a_start_on_a_named_screen_is_not_remembered(open_app, workspace):
    async with open_app(screen="runs") as user:
        await user.press("q")
    assert load_view(workspace) == SavedView()


async def test_letters_typed_into_a_field_are_letters(open_app):
    async with open_app(screen="chat") as user:
        await user.types("quit")
        await user.sees("quit")
        assert user.app.query_one("#chat-input").value == "quit"  # type: ignore[attr-defined]


async def test_quitting_says_which_run_goes_on(open_app, make_run):
    make_run("20261123-2315-lora-garage", "running", step=34).hold()
    async with open_app() as user:
        await user.sees("34/100")
        await user.press("q")
        said = " ".join(map(str, user.app._exit_renderables))
    assert "20261123-2315-lora-garage continues without the app" in said
    assert user.app.return_code == 0


@pytest.mark.parametrize(("path", "command"), [("", ".venv/bin/garage"), (".venv/bin", "garage")])
async def test_quitting_names_the_command_as_the_shell_knows_it(
    open_app, make_run, monkeypatch, tmp_path, path, command
):
    (tmp_path / ".venv/bin").mkdir(parents=True)
    (tmp_path / ".venv/bin/garage").touch(0o755)
    make_run("20261123-2315-lora-garage", "running", step=34).hold()
    async with open_app() as user:
        await user.sees("34/100")
        monkeypatch.setattr("sys.argv", [".venv/bin/garage"])
        monkeypatch.setenv("PATH", str(tmp_path / path) if path else "")
        await user.press("q")
        said = " ".join(map(str, user.app._exit_renderables))
    assert f"`{command}` opens it again, `{command} stop last` stops" in said


async def test_the_run_in_the_header_follows_the_run(open_app, make_run):
    run = make_run("20261123-2315-lora-garage", "running", phase="loading the base model", step=0).hold()
    async with open_app() as user:
        await user.sees("● lora-garage · loading the base model")
        run.step(12, 1.5)
        await user.sees("● lora-garage 12/100 · 2 min left")
        run.state("finished", step=100)
        run.let_go()
        await user.sees("no run is running")
