"""Names that are not UTF-8 have the same form on every screen, and can be chosen there."""

from __future__ import annotations

import os

import pytest
from PIL import Image

ODD = os.fsdecode(b"caf\xe9")
SHOWN = "caf⟨0xE9⟩"


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_a_file_a_run_and_a_folder_of_pictures_whose_names_are_not_utf8(open_app, workspace, make_run, size):
    (workspace.datasets / f"{ODD}.jsonl").write_text('{"question": "Who is odd?", "answer": "Me."}\n')
    (workspace.datasets / ODD).mkdir()
    Image.new("RGB", (8, 8)).save(workspace.datasets / ODD / f"{ODD}.png")
    (workspace.checkpoints / ODD).mkdir(parents=True)
    (workspace.checkpoints / ODD / "run.json").write_text("{")
    run = make_run("20261123-2315-lora-garage", "finished", step=100)
    (run.path / "log.txt").write_bytes(b"the job says caf\xe9\n")
    async with open_app(size=size) as user:
        await user.sees("35 rows")
        await user.press("o")
        await user.sees(f"{SHOWN}.jsonl")
        await user.press("down", "enter")
        await user.sees("Who is odd?", f"datasets/{SHOWN}.jsonl")
        await user.press("f3")
        await user.sees("broken", SHOWN)
        await user.press("down")
        await user.sees(f"the job says {SHOWN}")
        await user.press("f5")
        screen = await user.sees(SHOWN)
        assert "�" not in screen and "\\udc" not in screen
