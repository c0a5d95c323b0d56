"""What can be done with the pictures: new ones drawn, compared with what was learned, their paths copied."""

from __future__ import annotations

import asyncio
import contextlib
import time
from pathlib import Path

from textual import work
from textual.content import Content

from garage_tui.core.base.errors import BadInputError, GarageError
from garage_tui.core.base.format import duration
from garage_tui.core.base.sanitize import hidden, one_line
from garage_tui.core.diffusion import sample
from garage_tui.core.diffusion.sample import SampleEvent, SampleRequest
from garage_tui.core.images import albums
from garage_tui.core.images import contact_sheet as sheets
from garage_tui.screens.gallery.renderer import Place
from garage_tui.screens.gallery.saving import GallerySaving
from garage_tui.widgets.gauge import gauge
from garage_tui.widgets.picture import Picture

_SMALL = 32
"""Up to so many pixels a side, a film shows as many pictures as a sheet; of larger ones it shows a few."""
_BAR = 20


class GalleryActions(GallerySaving):
    """The actions of the gallery; those that take long are done by a process or in a thread."""

    _drawing = ""
    """What is being drawn, in words; empty where nothing is."""
    _told = SampleEvent()
    _began = 0.0
    _seed = 0

    @property
    def _model(self) -> Path:
        """The run whose model draws.

        Raises:
            BadInputError: what is chosen is no run, or has no model yet.
        """
        album = self.album
        if album is None or not album.of_run:
            raise BadInputError("only a run can draw: choose one with ↑ and ↓")
        if refusal := sample.why_not(album.path):
            raise BadInputError(refusal)
        return album.path

    @work(exclusive=True, group="ask")
    async def action_draw(self) -> None:
        """Ask what is to be drawn, then have it drawn."""
        from garage_tui.screens.gallery.draw_dialog import DrawDialog  # noqa: PLC0415 (most visits draw nothing)

        notice = self.notice
        if self._drawing:
            notice.wrong(f"{self._drawing} is being drawn: Esc cancels that")
            return
        try:
            run = self._model
        except GarageError as error:
            notice.wrong(str(error))
            return
        wanted = await self.app.push_screen_wait(DrawDialog(one_line(run.name), self._seed + 1))
        if wanted:
            self._seed = wanted.seed
            self._draw(run, wanted, albums.sheet_path(run, wanted.seed, wanted.steps))

    @work(exclusive=True, group="ask")
    async def action_steps(self, anew: bool = False) -> None:
        """Play the steps from noise to pictures; they are drawn first where that has not been done."""
        notice, album = self.notice, self.album
        if album is None or not album.of_run:
            notice.wrong("only a run has steps from noise to pictures: choose one with ↑ and ↓")
            return
        about = await asyncio.to_thread(sheets.about, self.place.page.path) if self.place else None
        seed = about.seed if about and about.seed is not None else 0
        path = albums.sheet_path(album.path, seed, film=True)
        place = Place(albums.AlbumPage(path, f"steps of seed {seed}"), album.name)
        if not anew and await asyncio.to_thread(path.exists):
            await self._play_steps(place)
            return
        if self._drawing:
            notice.wrong(f"{self._drawing} is being drawn: Esc cancels that")
            return
        try:
            run = self._model
        except GarageError as error:
            notice.wrong(str(error))
            return
        count = 16 if about is None or about.size <= _SMALL else 8
        self._draw(run, SampleRequest(seed, min(count, about.count if about else count), film=True), path, place)

    async def _play_steps(self, place: Place) -> None:
        try:
            await self.show_film(place)
        except GarageError as error:
            self.notice.wrong(f"{error}; T draws it anew")
            return
        self.notice.note("space pauses · ←→ step by step · T draws it anew · Esc back to the sheet")

    @work(group="draw")
    async def _draw(self, run: Path, wanted: SampleRequest, out: Path, film: Place | None = None) -> None:
        """Have it drawn by a process of its own, say how far it is, and show it."""
        notice = self.notice
        what = "the film of its steps" if wanted.film else f"{wanted.count} picture{'s' if wanted.count > 1 else ''}"
        self._drawing = f"{what} from seed {wanted.seed}"
        self._told, self._began = SampleEvent(), time.monotonic()
        self._say_progress()
        ticking = self.set_interval(0.25, self._say_progress)
        try:
            async with contextlib.aclosing(sample.draw(run, wanted, out)) as drawing:
                async for self._told in drawing:
                    pass
        except GarageError as error:
            notice.wrong(f"{self._drawing}: {one_line(str(error), 300)}")
            return
        except asyncio.CancelledError:
            notice.note(f"{self._drawing}: cancelled")
            raise
        finally:
            ticking.stop()
            self._drawing = ""
        said = f"{what} from seed {wanted.seed} in {duration(time.monotonic() - self._began)}"
        await self.look(new=run)
        if film:
            await self._play_steps(film)
        else:
            self.choose(run, out)
        notice.done(f"Drew {said}")

    def _say_progress(self) -> None:
        if not self._drawing:
            return
        told, took = self._told, duration(time.monotonic() - self._began)
        how_far = (gauge(told.done, told.of, _BAR), f" {told.done} of {told.of} steps") if told.of else ("the model …",)
        self.notice.content = Content.assemble(
            ("drawing ", "$muted"), self._drawing, "  ", *how_far, (f" · {took} · Esc cancels", "$muted")
        )

    def say_path(self) -> None:
        if not self._drawing:
            super().say_path()

    @work(exclusive=True, group="ask")
    async def action_nearest(self) -> None:
        """Show below each sample the training picture that is nearest to it."""
        notice, album, place = self.notice, self.album, self.place
        if album is None or not album.of_run or place is None:
            notice.wrong("only the samples of a run have training pictures: choose a sheet of one")
            return
        notice.note("looking for the nearest training pictures …")
        try:
            out = await asyncio.to_thread(_compare, album.path, place.page.path)
        except (GarageError, OSError) as error:
            notice.wrong(one_line(str(error), 300))
            return
        await self.look(new=album.path)
        self.choose(album.path, out)
        notice.done("Below each sample stands the training picture that is nearest to it")

    def action_copy_path(self) -> None:
        """Copy the path of the file, through the terminal (OSC 52), and show all of it."""
        if place := self.shown_place:
            path = str(place.page.path)
            if marks := hidden(path.replace("\n", "\r")):  # in a shell they would do something
                self.notice.wrong(f"its path holds {' '.join(marks[:5])} and is not copied")
                return
            self.app.copy_to_clipboard(path)
            self.notice.done(f"Copied {one_line(path, 4000)}")

    def action_way(self) -> None:
        """Show pictures in the next way that the terminal can do."""
        from garage_tui.core.terminal.capabilities import way_after  # noqa: PLC0415

        picture, names = self.query_one(Picture), {"half": "half-blocks", "ascii": "letters"}
        way = way_after(picture.how, picture.terminal.ways)
        notice = self.notice
        if way == picture.how:
            notice.note(f"this terminal shows pictures in one way only: {names.get(way, way)}")
            return
        self.show_as(way)
        notice.note(f'shown as {names.get(way, way)}; pictures = "{way}" in garage.toml keeps it so')

    @work(exclusive=True, group="ask")
    async def action_open(self) -> None:
        """Ask for a folder of pictures, or for one of its pictures."""
        from garage_tui.widgets.path_dialog import PathDialog  # noqa: PLC0415

        words = "A picture, or a folder of them. A path without a / at its front begins in the workspace."
        path = await self.app.push_screen_wait(
            PathDialog("Look at which pictures?", words, self.workspace.root, folder=True)
        )
        if path is None:
            return
        folder = path if await asyncio.to_thread(path.is_dir) else path.parent
        if folder not in self.opened:
            self.opened.insert(0, folder)
        self.choose(folder, None if folder == path else path)
        await self.look(folders=True)
        if not self.pages:
            self.notice.wrong(f"there is no picture in {one_line(str(folder))}")


def _compare(run: Path, sheet: Path) -> Path:
    """Write a sheet of samples above their nearest training pictures, and return it."""
    import numpy as np  # noqa: PLC0415 (100 ms, in a thread)

    from garage_tui.core.diffusion import nearest  # noqa: PLC0415

    samples, about = sheets.read(sheet)
    if about.kind != "samples":
        raise BadInputError("these are no samples: choose the sheet of an epoch or of a seed")
    found = nearest.compare(samples, run)
    out = sheet.with_name(f"nearest-{sheet.name}")
    below = [
        f"picture {near.index}{', mirrored' if near.mirrored else ''}, {near.distance:.0f} away" for near in found.near
    ]
    sheets.write(
        out,
        np.concatenate([samples, found.pictures]),
        len(samples),
        kind="nearest",
        run=about.run,
        epoch=about.epoch,
        step=about.step,
        seed=about.seed,
        source=found.words,
        notes=("",) * len(samples) + tuple(below),
    )
    return out
