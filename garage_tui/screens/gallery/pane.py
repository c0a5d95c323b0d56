"""The Gallery: the sheets of each run epoch by epoch, films, new samples, and folders of pictures."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import ClassVar, TypeVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.events import Resize
from textual.screen import Screen
from textual.widgets import Static

from garage_tui.core.base.errors import BadInputError
from garage_tui.core.base.settings import Workspace
from garage_tui.core.monitor.run_watcher import RunSnapshot
from garage_tui.core.terminal.capabilities import ImageMode, Terminal
from garage_tui.screens.gallery.album_index import AlbumIndex
from garage_tui.screens.gallery.album_list import AlbumList
from garage_tui.screens.gallery.browser import Browser
from garage_tui.screens.gallery.draw_job import DrawJob
from garage_tui.screens.gallery.opening import open_folder
from garage_tui.screens.gallery.path_line import PathLine
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
_NARROW = 100
"""Width in cells below which the list is hidden, and l shows it instead of the picture."""


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
    HELP_GROUPS = (
        ("Browse", "page end album list open part zoom way leave"),
        ("Compare", "beside mark nearest"),
        ("Films and new samples", "play steps draw new_run"),
        ("Keep", "save copy_path"),
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("right", "page(1)", "Browse", key_display="←→", tooltip="Go to the next epoch or picture"),
        Binding("left", "page(-1)", "Back", show=False, key_display="←", tooltip="Go to the previous epoch or picture"),
        Binding("b", "beside", "Beside", tooltip="Put an early sheet, or the marked one, beside it"),
        Binding("space", "play", "Film", key_display="space", tooltip="Play the epochs as a film, or pause"),
        Binding("g", "draw", "Draw new", tooltip="Draw new samples with the model of this run"),
        Binding("down,j", "album(1)", "Next run", show=False, key_display="↓", tooltip="Go to the next run or folder"),
        Binding(
            "up,k", "album(-1)", "Previous run", show=False, key_display="↑", tooltip="Go to the previous run or folder"
        ),
        Binding("home", "end(0)", "First", show=False, tooltip="Go to the first epoch or picture"),
        Binding("end", "end(-1)", "Last", show=False, tooltip="Go to the newest epoch or the last picture"),
        Binding("t", "steps", "Steps", show=False, tooltip="Play the steps from noise to pictures"),
        Binding("T", "steps(True)", "Redraw steps", show=False, tooltip="Draw the film of the steps again"),
        Binding("n", "new_run", "New run", tooltip="Start a run that teaches a model to draw"),
        Binding("n", "nearest", "Nearest", show=False, tooltip="Show the nearest training picture below each sample"),
        Binding("z", "zoom", "Larger", show=False, tooltip="Show fewer pictures, and larger"),
        Binding(
            "left_square_bracket", "part(-1)", "Part", show=False, key_display="[", tooltip="Show the previous pictures"
        ),
        Binding(
            "right_square_bracket", "part(1)", "Part", show=False, key_display="]", tooltip="Show the next pictures"
        ),
        Binding("m", "mark", "Mark", show=False, tooltip="Mark this sheet, so that b puts it beside another one"),
        Binding("s", "save", "Save", show=False, tooltip="Save what is shown: a copy, or both side by side"),
        Binding("y", "copy_path", "Path", show=False, tooltip="Copy the path of this file"),
        Binding("i", "way", "Way", show=False, tooltip="Show pictures in another way: pixels, half-blocks, letters"),
        Binding("l", "list", "List", show=False, tooltip="Show or hide the list of runs and folders"),
        Binding("o", "open", "Open", show=False, tooltip="Open any folder of pictures"),
        Binding(
            "escape",
            "leave",
            "Back",
            show=False,
            key_display="Esc",
            tooltip="Cancel the drawing, end the film, show one sheet, or hide the list",
        ),
    ]

    def __init__(self, workspace: Workspace, terminal: Terminal) -> None:
        super().__init__(id="gallery")
        self.workspace = workspace
        self.albums = AlbumIndex(workspace.datasets)
        self.browser = Browser()
        self.stage = PictureStage(terminal, id="gallery-frame")
        self.player = Player(self)
        self.drawing = DrawJob(self, self.player)
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
            self._show_list()

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
            self._show_list()

    def _show_list(self) -> None:
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
        self._show_path()
        self.show()

    def _show_path(self) -> None:
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
            self._show_list()

    def on_picture_stage_rendered(self) -> None:
        self.show_caption()

    def on_picture_resized(self) -> None:
        self.show()

    def on_resize(self, event: Resize) -> None:
        if not self.drawing.is_running:
            self._path_line.fit(self.app.size.width - 4)
        narrow = event.size.width < _NARROW
        if narrow != self.has_class("-narrow"):
            if self.has_class("-list"):
                self.action_list()
            self.set_class(narrow, "-narrow")
            self.remove_class("-alone")

    def _update_terminal(self, terminal: Terminal) -> None:
        """The terminal may answer late, over a slow line."""
        if terminal != self.stage.picture.terminal:
            self.stage.picture.terminal = terminal
            self._set_mode(terminal.image_mode)

    def _set_mode(self, mode: ImageMode) -> None:
        self.stage.set_mode(mode)
        self.browser.reset_zoom()
        self.show()

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
        if self.browser.move_album(albums):
            self.show_page()
            self._show_list()

    def action_mark(self) -> None:
        """Mark what is shown: `b` then puts it to the left of whatever is shown."""
        if self.browser.current is None:
            return
        is_marked = self.browser.toggle_mark()
        self.show_caption()
        if is_marked:
            self.notice.note("◆ marked: go to any other sheet and press b to see both")
        else:
            self._show_path()

    def action_beside(self) -> None:
        """Put the marked page, or an early sheet, to the left; once more takes it away."""
        try:
            has_moved = self.browser.toggle_left()
        except BadInputError as error:
            self.notice.wrong(str(error))
            return
        if has_moved:
            self.show_page()
        else:
            self.show()

    def action_part(self, parts: int) -> None:
        """Show another part of the sheet."""
        if (rendered := self.stage.rendered) and rendered.parts > 1:
            self.browser.move_part(parts, rendered.parts)
            self.show()

    def action_zoom(self) -> None:
        """Show half as much of the sheet, twice as large; after a single picture all of it again."""
        if (rendered := self.stage.rendered) and rendered.zooms > 1:
            self.browser.zoom_in(rendered.zoom, rendered.zooms)
            self.show()

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
        from garage_tui.core.terminal.capabilities import next_mode  # noqa: PLC0415

        picture, names = self.stage.picture, {"half": "half-blocks", "ascii": "letters"}
        mode = next_mode(picture.mode, picture.terminal.image_modes)
        if mode == picture.mode:
            self.notice.note(f"this terminal shows pictures in one way only: as {names.get(mode, mode)}")
            return
        self._set_mode(mode)
        self.notice.note(f'shown as {names.get(mode, mode)}; pictures = "{mode}" in garage.toml keeps it')

    def action_list(self) -> None:
        """Show the list, or give its space to the picture."""
        if not self.has_class("-narrow"):
            self.toggle_class("-alone")
            return
        self.toggle_class("-list")
        is_listed = self.has_class("-list")
        table = self.query_one(AlbumList)
        table.can_focus = is_listed  # only there the keys are its own
        (table if is_listed else self.stage).focus()

    def on_table_moved(self, event: Table.Moved) -> None:
        if event.row != event.table.cursor:  # it was said before another album was chosen
            return
        albums, row = self.browser.albums, event.table.cursor
        if row < len(albums) and albums[row].path != self.browser.album_path:
            self.choose(albums[row].path)

    def on_table_selected(self) -> None:
        if self.has_class("-list"):
            self.action_list()

    def action_leave(self) -> None:
        """Cancel what is being drawn, leave an animation, a pair, the list; Esc never leaves the screen."""
        if self.drawing.is_running:
            self.drawing.cancel()
        elif self.browser.frame is not None:
            self.browser.go(self.browser.current.page if self.browser.current else None)
            self.show_page()
        elif self.browser.left is not None:
            self.action_beside()
        elif self.has_class("-list"):
            self.action_list()
