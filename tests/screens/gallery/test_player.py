"""The player, with a clock that only a tick moves."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from garage_tui.core.images.albums import Album, AlbumPage
from garage_tui.core.images.animation import Animation
from garage_tui.screens.gallery import player as module
from garage_tui.screens.gallery.browser import Browser
from garage_tui.screens.gallery.player import Player
from garage_tui.screens.gallery.view import PageRef

RUN = Path("/runs/wings")


class Host:
    """A Gallery without widgets."""

    is_in_front = True

    def __init__(self, *epochs: int) -> None:
        self.browser, self.errors = Browser(), []
        pages = tuple(AlbumPage(RUN / f"epoch-{epoch}.png", f"epoch {epoch}", epoch) for epoch in epochs)
        self.browser.update((Album(RUN, "wings", pages, is_run=True),))
        animation = Animation([None] * 4, (1.0, 1.0, 1.0, 1.0), None)  # type: ignore[arg-type, list-item]
        renderer = SimpleNamespace(animation=lambda path: animation)
        self.stage = SimpleNamespace(is_settled=True, renderer=renderer)
        self.notice = SimpleNamespace(wrong=self.errors.append)
        self.timers: list[SimpleNamespace] = []

    def show(self) -> None: ...
    def show_caption(self) -> None: ...
    def show_page(self) -> None: ...
    def set_interval(self, interval, callback):
        timer = SimpleNamespace(callback=callback, stop=lambda: self.timers.remove(timer))
        self.timers.append(timer)
        return timer


@pytest.fixture
def clock(monkeypatch):
    clock = SimpleNamespace(now=0.0)
    monkeypatch.setattr(module.time, "monotonic", lambda: clock.now)

    def tick(host, seconds):
        clock.now += seconds
        for timer in list(host.timers):
            timer.callback()

    return tick


def epoch(host) -> int | None:
    return host.browser.current.page.epoch


def test_epochs_are_played_from_the_first_to_the_last_and_then_it_pauses(clock):
    host = Host(1, 4, 60)
    player = Player(host)
    player.toggle()
    assert (epoch(host), player.is_playing) == (1, True)
    clock(host, 0.9)
    assert epoch(host) == 4
    assert player.caption("words").plain.startswith("▶")
    clock(host, 0.9)
    assert (epoch(host), player.is_playing, host.timers) == (60, False, [])


def test_no_frame_is_shown_before_the_terminal_has_taken_the_last(clock):
    host = Host(1, 4, 60)
    player = Player(host)
    player.toggle()
    host.stage.is_settled = False
    clock(host, 0.9)
    assert epoch(host) == 1
    host.stage.is_settled = True
    clock(host, 0.9)
    assert epoch(host) == 60, "the frame that was due meanwhile is skipped"


def test_one_epoch_is_no_film(clock):
    host = Host(1)
    player = Player(host)
    player.toggle()
    assert not player.is_playing and host.errors


async def test_an_animation_is_stepped_through_and_a_page_ends_it(clock):
    host = Host(1, 4)
    player = Player(host)
    await player.play_animation(PageRef(AlbumPage(RUN / "steps.png", "steps"), "wings"))
    assert (host.browser.frame, player.is_playing) == (0, True)
    clock(host, 1.5)
    assert host.browser.frame == 1
    player.step(1)
    assert (host.browser.frame, player.is_playing) == (2, False)
    assert player.caption("words").plain.startswith("‖")
    player.jump(0)
    assert host.browser.frame == 0
    player.toggle()
    host.browser.go(None)
    player.leave_animation()
    assert not player.is_playing and host.timers == []
    assert player.caption("words").plain == "words"


async def test_an_animation_that_is_started_over_a_film_stops_that(clock):
    host = Host(1, 4)
    player = Player(host)
    player.toggle()
    await player.play_animation(PageRef(AlbumPage(RUN / "steps.png", "steps"), "wings"))
    assert len(host.timers) == 1
