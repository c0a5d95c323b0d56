"""Has pictures made for the Gallery: new samples, animations of their steps, and the nearest training pictures."""

from __future__ import annotations

import asyncio
import contextlib
import time
from pathlib import Path
from typing import TYPE_CHECKING

from textual.content import Content

from garage_tui.core.base.errors import BadInputError, GarageError, reason_of
from garage_tui.core.base.format import duration
from garage_tui.core.base.sanitize import one_line
from garage_tui.core.diffusion import sample
from garage_tui.core.diffusion.sample import SampleEvent, SampleRequest
from garage_tui.core.images import albums, contact_sheet
from garage_tui.screens.gallery.view import PageRef
from garage_tui.widgets.charts.gauge import gauge

if TYPE_CHECKING:
    from textual.worker import Worker

    from garage_tui.core.images.albums import Album
    from garage_tui.screens.gallery.host import GalleryHost
    from garage_tui.screens.gallery.player import Player

_SMALL = 32
"""Up to so many pixels a side, an animation shows as many pictures as the sheet; of larger ones it shows fewer."""
_GAUGE_WIDTH = 20


class DrawJob:
    """Draws with the model of the chosen run, in a process of its own, one job at a time.

    Args:
        player: plays the animations that were drawn.
    """

    def __init__(self, host: GalleryHost, player: Player) -> None:
        self._host, self._player = host, player
        self._subject = ""
        """A description of the job in progress; empty if there is none."""
        self._worker: Worker[None] | None = None
        self._progress = SampleEvent()
        self._began = 0.0
        self._last_seed = 0

    @property
    def is_running(self) -> bool:
        """Whether something is being drawn."""
        return bool(self._subject)

    def cancel(self) -> None:
        """Cancel what is being drawn."""
        if self._worker:
            self._worker.cancel()

    async def ask_samples(self) -> None:
        """Ask for seed, count and steps, then draw samples."""
        from garage_tui.screens.gallery.draw_dialog import DrawDialog  # noqa: PLC0415 (most visits draw nothing)

        if (run := self._free_model(self._host.browser.album)) is None:
            return
        request = await self._host.ask(DrawDialog(one_line(run.name), self._last_seed + 1))
        if request:
            self._last_seed = request.seed
            self._start(run, request, albums.sheet_path(run, request.seed, request.steps))

    async def show_steps(self, *, redraw: bool = False) -> None:
        """Play the steps from noise to pictures, with the seed of the sheet that is shown.

        Args:
            redraw: draw the animation even if there is one.
        """
        album, current = self._host.browser.album, self._host.browser.current
        if album is None or not album.is_run:
            self._host.notice.wrong("only a run has steps from noise to pictures: choose one with ↑ or ↓")
            return
        sheet = await asyncio.to_thread(contact_sheet.read_metadata, current.page.path) if current else None
        seed = sheet.seed if sheet and sheet.seed is not None else 0
        path = albums.sheet_path(album.path, seed, animated=True)
        animation = PageRef(albums.AlbumPage(path, f"steps of seed {seed}"), album.name)
        if not redraw and await asyncio.to_thread(path.exists):
            await self._play(animation)
        elif (run := self._free_model(album)) is not None:  # by now, another album may be chosen
            most = 16 if sheet is None or sheet.size <= _SMALL else 8
            count = min(most, sheet.count) if sheet else most
            self._start(run, SampleRequest(seed, count, film=True), path, animation)

    async def compare_nearest(self) -> None:
        """Show the nearest training picture below each sample."""
        browser, notice = self._host.browser, self._host.notice
        album, current = browser.album, browser.current
        if album is None or not album.is_run or current is None:
            notice.wrong("only samples can be compared with training pictures: choose a sheet of a run")
            return
        notice.hint("searching for the nearest training pictures …")
        try:
            out = await asyncio.to_thread(write_nearest, album.path, current.page.path)
        except (GarageError, OSError) as error:
            notice.wrong(reason_of(error, 300))
            return
        await self._host.find_albums(changed=album.path)
        self._host.choose(album.path, out)
        notice.done("Below each sample is the nearest training picture")

    def _free_model(self, album: Album | None) -> Path | None:
        """Return the run of an album if it can draw now; else show why it cannot."""
        if self.is_running:
            refusal: str | None = f"{self._subject}: still being drawn; Esc cancels it"
        elif album is None or not album.is_run:
            refusal = "only a run can draw: choose one with ↑ or ↓"
        else:
            refusal = sample.why_not(album.path)
        if refusal or album is None:
            self._host.notice.wrong(refusal or "")
            return None
        return album.path

    def _start(self, run: Path, request: SampleRequest, out: Path, animation: PageRef | None = None) -> None:
        self._worker = self._host.run_worker(self._draw(run, request, out, animation), group="draw")

    async def _draw(self, run: Path, request: SampleRequest, out: Path, animation: PageRef | None) -> None:
        notice = self._host.notice
        pictures = f"{request.count} picture{'s' if request.count > 1 else ''}"
        subject = f"{'the film of the steps' if request.film else pictures} from seed {request.seed}"
        self._subject, self._progress, self._began = subject, SampleEvent(), time.monotonic()
        self._show_progress()
        timer = self._host.set_interval(0.25, self._show_progress)
        try:
            async with contextlib.aclosing(sample.draw(run, request, out)) as events:
                async for self._progress in events:
                    pass
        except GarageError as error:
            notice.wrong(f"{subject}: {one_line(str(error), 300)}")
            return
        except asyncio.CancelledError:
            notice.note(f"{subject}: cancelled")
            raise
        finally:
            timer.stop()
            self._subject = ""
        took = duration(time.monotonic() - self._began)
        await self._host.find_albums(changed=run)
        if animation:
            await self._play(animation)
        else:
            self._host.choose(run, out)
        notice.done(f"Drew {subject} in {took}")

    async def _play(self, animation: PageRef) -> None:
        try:
            await self._player.play_animation(animation)
        except GarageError as error:
            self._host.notice.wrong(f"{error}; T draws it again")
            return
        self._host.notice.note("space: pause · ←→: step by step · T: draw it again · Esc: back to the sheet")

    def _show_progress(self) -> None:
        if not self.is_running:
            return
        done, total = self._progress.done, self._progress.of
        progress = (
            (gauge(done, total, _GAUGE_WIDTH), f" {done} of {total} steps") if total else ("· loading the model …",)
        )
        took = duration(time.monotonic() - self._began)
        self._host.notice.content = Content.assemble(
            ("drawing ", "$muted"), self._subject, "  ", *progress, (f" · {took} · Esc cancels", "$muted")
        )


def write_nearest(run: Path, sheet: Path) -> Path:
    """Write a sheet with the nearest training picture below each sample, beside the sheet of samples.

    Args:
        run: the folder of the run whose training pictures are compared.
        sheet: the sheet of samples.

    Returns:
        The path of the new sheet.

    Raises:
        GarageError: `sheet` is no sheet of samples, or the run has no training pictures.
        OSError: it cannot be written.
    """
    import numpy as np  # noqa: PLC0415 (100 ms, in a thread)

    from garage_tui.core.diffusion import nearest_images  # noqa: PLC0415

    samples, about = contact_sheet.read(sheet)
    if about.kind != "samples":
        raise BadInputError("these are not samples: choose the sheet of an epoch or of a seed")
    found = nearest_images.compare(samples, run)
    out = sheet.with_name(f"nearest-{sheet.name}")
    notes = [
        f"picture {near.index}{', mirrored' if near.mirrored else ''}, {near.distance:.0f} away" for near in found.near
    ]
    contact_sheet.write(
        out,
        np.concatenate([samples, found.pictures]),
        len(samples),
        kind="nearest",
        run=about.run,
        epoch=about.epoch,
        step=about.step,
        seed=about.seed,
        source=found.text,
        notes=("",) * len(samples) + tuple(notes),
    )
    return out
