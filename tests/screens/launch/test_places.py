"""The field of the place in both forms: hidden while no place is set, and what it changes."""

from __future__ import annotations

import pytest

from garage_tui.core.settings.settings import Settings
from garage_tui.core.settings.types import PlaceSettings

LAB = Settings(places={"lab": PlaceSettings(ssh="lab.example.org", folder="/scratch")})


@pytest.fixture
def started(monkeypatch, make_run):
    """The places with which the forms started runs, and their commands."""
    calls = []

    def start_lora(workspace, settings, file, recipe, name, command, *_, place="", **__):
        calls.append((place, command))
        return make_run("20261130-1800-lora-garage", "running").hold().path

    def start_diffusion(workspace, settings, recipe, name, command, gpus, limits, place):
        calls.append((place, command))
        return make_run("20261130-1801-diffusion-wings", "running").hold().path

    monkeypatch.setattr("garage_tui.core.launch.start.start_lora", start_lora)
    monkeypatch.setattr("garage_tui.core.launch.start.start_diffusion", start_diffusion)
    return calls


async def test_without_places_there_is_no_field(open_app):
    async with open_app() as user:
        await user.press("t")
        await user.sees("Base model")
        assert not user.app.screen.query("#place")


async def test_a_run_is_started_at_the_chosen_place(open_app, started):
    async with open_app(settings=LAB) as user:
        await user.press("t")
        await user.sees("Where", "this box")
        user.app.screen.query_one("#place").value = "lab"
        await user.sees("It works at lab (Slurm at lab.example.org)")
        await user.press("ctrl+s")
        await user.sees("● running")
    [(place, command)] = started
    assert place == "lab" and command[-2:] == ["--at", "lab"]


async def test_pictures_too(open_app, started):
    async with open_app(settings=LAB, screen="runs") as user:
        await user.press("n")
        await user.sees("New run")
        await user.press("down", "enter")
        await user.sees("Pictures", "Where")
        user.app.screen.query_one("#place").value = "lab"
        await user.sees("It works at lab")
        await user.press("ctrl+s")
        await user.sees("● running")
    assert [place for place, _ in started] == ["lab"]


async def test_on_this_box_nothing_changes(open_app, started):
    async with open_app(settings=LAB) as user:
        await user.press("t")
        await user.sees("Where", "this box")
        await user.press("ctrl+s")
        await user.sees("● running")
    [(place, command)] = started
    assert place == "" and "--at" not in command
