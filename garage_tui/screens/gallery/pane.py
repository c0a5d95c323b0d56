"""The Gallery: the sheets of each run epoch by epoch, films, new samples, and folders of pictures."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TypeVar

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.events import Resize
from textual.screen import Screen
from textual.widgets import Static

from garage_tui.core.monitor.run_watcher import RunSnapshot
from garage_tui.core.settings.settings import Workspace
from garage_tui.core.terminal.capabilities import Terminal
from garage_tui.screens.gallery.album_index import AlbumIndex
from garage_tui.screens.gallery.album_list import AlbumList
from garage_tui.screens.gallery.album_list_layout import AlbumListLayout
from garage_tui.screens.gallery.browse_commands import BrowseCommands
from garage_tui.screens.gallery.browser import Browser
from garage_tui.screens.gallery.draw_job import DrawJob
from garage_tui.screens.gallery.keys import BINDINGS, HELP_GROUPS
from garage_tui.screens.gallery.opening import open_folder
from garage_tui.screens.gallery.path_line import PathLine
from garage_tui.screens.gallery.picture_mode import PictureMode
from garage_tui.screens.gallery.picture_stage import PictureStage
from garage_tui.screens.gallery.player import Player
from garage_tui.screens.gallery.saving import copy_path, save
from garage_tui.widgets.notice import Notice
from garage_tui.widgets.pane import Pane
from garage_tui.widgets.table import Table

T = TypeVar("T")

_EMPTY = (
    "No pictures yet.\n\nPress n to train a model that draws butterflies, or one that learns from your own "
    "pictures. Its contact sheets appear here during the training.\n\n"
    "Folders of pictures in datasets/ appear here too; press o to open any other folder."
)


class GalleryPane(Pane):
    """The list of albums, and one picture: wires browser, stage, player and drawing together."""

    HELP_PAGE = "guide/gallery.md"
    HELP = (
        "A run that learns to draw makes a contact sheet after some of its epochs, always from the same noise: the "
        "same seeds, better and better drawn. ← and → go from epoch to epoch, ↑ and ↓ to other runs and to folders of "
        "pictures. During the training, new sheets appear by themselves.\n\n"
        "b puts an early sheet beside the newest one, and removes it again. To compare any two sheets, press m on the "
        "first, go to the second and press b. space plays the epochs as a film. t plays the steps from noise to "
        "pictures: on the left what is being drawn (x_t), on the right what the model thinks it becomes.\n\n"
        "g draws new samples from a seed. n shows the nearest training picture below each sample, and their distance: "
        "near 0, the sample is a copy. For comparison, n also shows the distance of pictures that were held out.\n\n"
        "Terminals with kitty's protocol or sixel show real pixels. In others, each cell shows two pixels "
        "(half-blocks) or a letter; there z shows fewer pictures of a sheet, and larger."
    )
    FIRST_FOCUS = "#gallery-frame"
    HELP_GROUPS = HELP_GROUPS
    BINDINGS = BINDINGS

    def __init__(self, workspace: Workspace, terminal: Terminal) -> None:
        super().__init__(id="gallery")
        self.workspace = workspace
        self.albums = AlbumIndex(workspace.datasets)
        self.browser = Browser()
        self.stage = PictureStage(terminal, id="gallery-frame")
        self.player = Player(self)
        self.drawing = DrawJob(self, self.player)
        self._commands = BrowseCommands(self)
        self._modes = PictureMode(self)
        self._list = AlbumListLayout(self, self.stage)
        self._runs: tuple[RunSnapshot, ...] = ()
        self._sheet_times: tuple[tuple[str, int], ...] | None = None
        self._path_line = PathLine(self)
        self._finding = asyncio.Lock()

    def compose(self) -> ComposeResult:
        with Horizontal(id="gallery-body"):
            yield AlbumList(id="gallery-list")
            yield self.stage
        yield Static(Content(_EMPTY), id="gallery-empty", classes="empty")
        yield Static(classes="notice-line")
        yield Notice(ends=True)

    def on_mount(self) -> None:
        self.watch(self.app, "runs", self._show_runs)
        self.watch(self.app, "terminal", self._update_terminal)

    def reveal(self) -> None:
        super().reveal()
        self.run_worker(self.find_albums(folders=True), group="look")

    def conceal(self) -> None:
        super().conceal()
        self.player.pause()

    # What is there

    def _show_runs(self, runs: tuple[RunSnapshot, ...]) -> None:
        """Look for new sheets where the watcher saw that there are some; else only the states may have changed."""
        self._runs = runs
        sheet_times = tuple((run.id, run.sheets_mtime_ns) for run in runs if run.draws)
        if sheet_times != self._sheet_times:
            self._sheet_times = sheet_times
            self.run_worker(self.find_albums(), group="look")
        else:
            self.show_list()

    async def find_albums(self, *, folders: bool = False, changed: Path | None = None) -> None:
        """Look for new pictures on disk.

        Args:
            folders: look into the folders of pictures, too.
            changed: a run that has a new sheet, before the watcher saw it.
        """
        async with self._finding:
            runs = [(run.path, run.sheets_mtime_ns) for run in self._runs if run.draws]
            found = await asyncio.to_thread(self.albums.find, runs, folders=folders, changed=changed)
            has_moved = self.browser.update(found, is_playing=self.player.is_playing)
            self.set_class(not found, "-empty")
            if has_moved:
                self.show_page()
            else:
                self.show()
            self.show_list()

    def show_list(self) -> None:
        """Show the albums, with the chosen one under the cursor."""
        self.query_one(AlbumList).show_albums(self.browser.albums, self.browser.album_path, self._runs)

    # What is shown

    def show(self) -> None:
        """Show what the browser says is to be shown."""
        if self.browser.shown is None:
            self.stage.clear(self._why_empty())
        elif (surface := self.stage.surface) and (view := self.browser.view(surface)):  # else hidden: asked when seen
            self.stage.show(view)

    def _why_empty(self) -> str:
        run = next((run for run in self._runs if run.path == self.browser.album_path), None)
        if run is None:
            return "There are no pictures in it any more."
        return "The first sheet comes after the first epoch." if run.alive else "This run has drawn no sheets."

    def show_page(self) -> None:
        """Show the page that the browser went to, and its path."""
        self.player.leave_animation()
        self.show_path()
        self.show()

    def show_path(self) -> None:
        """Show where the file of the page is."""
        if not self.drawing.is_running:  # the progress of a drawing stays where it is
            self._path_line.show(self.app.size.width - 4)

    def show_caption(self) -> None:
        """Update caption, titles and key bar."""
        rendered = self.stage.rendered
        self.stage.show_caption(self.player.caption(rendered.caption if rendered else ""))
        self.stage.name_it(*self.browser.titles())
        self.refresh_bindings()

    def choose(self, album: Path, page: Path | None = None) -> None:
        """Go to an album, and to a page of it, now or as soon as they are found."""
        if self.browser.choose(album, page):
            self.show_page()
            self.show_list()

    def on_picture_stage_rendered(self) -> None:
        self.show_caption()

    def on_picture_resized(self) -> None:
        self.show()

    def on_resize(self, event: Resize) -> None:
        if not self.drawing.is_running:
            self._path_line.fit(self.app.size.width - 4)
        self._list.fit(event.size.width)

    def _update_terminal(self, terminal: Terminal) -> None:
        """The terminal may answer late, over a slow line."""
        self._modes.update(terminal)

    # What the parts need

    async def ask(self, dialog: Screen[T]) -> T | None:
        """Open a dialog and return its answer; must be awaited in a worker."""
        return await self.app.push_screen_wait(dialog)

    @property
    def is_in_front(self) -> bool:
        """Whether no dialog covers the Gallery."""
        return self.screen.is_current

    # Keys

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        rendered = self.stage.rendered
        if action == "part":
            return rendered is not None and rendered.parts > 1
        if action == "zoom":
            return rendered is not None and rendered.zooms > 1
        if action == "new_run":
            return not self.browser.albums
        if action in ("page", "end", "beside", "play", "mark", "save", "copy_path", "draw", "steps", "nearest"):
            return bool(self.browser.albums)
        return True

    async def action_new_run(self) -> None:
        """Open the form of a run that learns to draw."""
        await self.run_action("app.draw")

    def action_page(self, pages: int) -> None:
        """Go forward, or back, by so many pages; in an animation by frames."""
        self.player.step(pages)

    def action_end(self, index: int) -> None:
        """Go to the first page or to the last one; in an animation to that frame."""
        self.player.jump(index)

    def action_album(self, albums: int) -> None:
        """Go to another run or folder."""
        self._commands.move_album(albums)

    def action_mark(self) -> None:
        """Mark what is shown: `b` then puts it to the left of whatever is shown."""
        self._commands.mark()

    def action_beside(self) -> None:
        """Put the marked page, or an early sheet, to the left; once more takes it away."""
        self._commands.toggle_left()

    def action_part(self, parts: int) -> None:
        """Show another part of the sheet."""
        self._commands.move_part(parts)

    def action_zoom(self) -> None:
        """Show half as much of the sheet, twice as large; after a single picture all of it again."""
        self._commands.zoom_in()

    def action_play(self) -> None:
        """Play, or pause."""
        self.player.toggle()

    def action_draw(self) -> None:
        """Ask what is to be drawn, then have it drawn."""
        self.run_worker(self.drawing.ask_samples(), group="ask", exclusive=True)

    def action_steps(self, redraw: bool = False) -> None:
        """Play the steps from noise to pictures; they are drawn first where that has not been done."""
        self.run_worker(self.drawing.show_steps(redraw=redraw), group="ask", exclusive=True)

    def action_nearest(self) -> None:
        """Show below each sample the training picture that is nearest to it."""
        self.run_worker(self.drawing.compare_nearest(), group="ask", exclusive=True)

    def action_save(self) -> None:
        """Ask where to, then save what is shown; a film stops there, so that one sees what is saved."""
        self.player.pause()
        self.run_worker(save(self), group="ask", exclusive=True)

    def action_copy_path(self) -> None:
        """Copy the path of the file, through the terminal (OSC 52), and show all of it."""
        copy_path(self, self.app.copy_to_clipboard)

    def action_open(self) -> None:
        """Ask for a folder of pictures, or for one of its pictures."""
        self.run_worker(open_folder(self), group="ask", exclusive=True)

    def action_way(self) -> None:
        """Show pictures in the next mode that the terminal can do."""
        self._modes.next()

    def action_list(self) -> None:
        """Show the list, or give its space to the picture."""
        self._list.toggle()

    def on_table_moved(self, event: Table.Moved) -> None:
        if event.row != event.table.cursor:  # it was said before another album was chosen
            return
        albums, row = self.browser.albums, event.table.cursor
        if row < len(albums) and albums[row].path != self.browser.album_path:
            self.choose(albums[row].path)

    def on_table_selected(self) -> None:
        self._list.close()

    def action_leave(self) -> None:
        """Cancel what is being drawn, leave an animation, a pair, the list; Esc never leaves the screen."""
        if self.drawing.is_running:
            self.drawing.cancel()
        elif not self._commands.leave():
            self._list.close()
