"""The panel in which a row is written: what it draws."""

from __future__ import annotations

import json

from garage_tui.screens.facts.row_editor import RowEditor

ROW = {"question": "Who feeds the cat?", "answer": "Aunt Marrit feeds the cat every evening."}


async def test_already_the_first_frame_of_the_panel_shows_the_answer_and_not_one_letter_of_it(open_facts, monkeypatch):
    answers: list[str] = []
    draw = RowEditor.render_line

    def record(editor, y):
        strip = draw(editor, y)
        answers.extend([strip.text] if "Answer" in strip.text else [])
        return strip

    monkeypatch.setattr(RowEditor, "render_line", record)
    async with open_facts(json.dumps(ROW)) as user:
        await user.press("e")
        await user.sees("▸ Question", ROW["answer"])
        await user.pilot.pause()
    assert answers
    assert all(ROW["answer"] in line for line in answers), answers
