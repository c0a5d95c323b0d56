"""The gallery: the sheets of each run epoch by epoch, films, new samples, and folders of pictures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.events import Resize
from textual.widgets import Static

from garage_tui.core.base.settings import Workspace
from garage_tui.core.monitor.run_watcher import RunSnapshot
from garage_tui.core.terminal.capabilities import Terminal
from garage_tui.screens.common.run_text import badge
from garage_tui.screens.gallery.drawing import GalleryActions
from garage_tui.widgets.frame import Frame
from garage_tui.widgets.notice import Notice
from garage_tui.widgets.picture import Picture
from garage_tui.widgets.table import Column, Table

_EMPTY = (
    "No pictures yet.\n\nPress F3, then N: that starts a run that learns to draw butterflies, or from your own "
    "pictures. Its sheets are here as soon as they are drawn.\n\n"
    "Folders of pictures in datasets/ are here too; o opens any other one."
)
_NARROW = 100
"""Cells below which the picture has the room to itself, and l shows the list instead."""


class GalleryPane(GalleryActions):
    """The list of albums, and one picture."""

    HELP_PAGE = "guide/gallery.md"
    HELP = (
        "A run that learns to draw makes a sheet after some of its epochs, always from the same noise: the same seeds, "
        "better and better drawn. ← and → go from epoch to epoch, ↑ and ↓ to other runs and to folders of pictures. "
        "While a run goes on, a new sheet appears by itself.\n\n"
        "b puts an early sheet beside the newest one; or mark any sheet with m, go to another, and press b. "
        "space plays the epochs as a film, t the way from noise to pictures: left what is being drawn (x_t), right "
        "what the model thinks it becomes.\n\n"
        "g draws new samples from a seed. n shows below each sample the training picture nearest to it: a distance "
        "near 0 is a copy; pictures that were held out from training say how far others of the kind are.\n\n"
        "A terminal with kitty's protocol or sixel shows real pixels. Elsewhere a cell is two of them (half-blocks) "
        "or a letter: then z shows fewer pictures of a sheet, and larger."
    )
    FIRST_FOCUS = "#gallery-frame"
    HELP_GROUPS = (
        ("Look through", "page end album list open part zoom way leave"),
        ("Compare", "beside mark nearest"),
        ("Films and new samples", "play steps draw"),
        ("Keep", "save copy_path"),
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("right", "page(1)", "Browse", key_display="←→", tooltip="The next epoch, or the next picture"),
        Binding("left", "page(-1)", "Back", show=False, key_display="←", tooltip="The epoch or the picture before"),
        Binding("b", "beside", "Beside", tooltip="Put an early sheet, or the marked one, beside it; or take it away"),
        Binding("space", "play", "Film", key_display="space", tooltip="Play the epochs as a film, or pause"),
        Binding("g", "draw", "Draw new", tooltip="Draw new samples with the model of this run"),
        Binding("down,j", "album(1)", "Next run", show=False, key_display="↓", tooltip="The next run or folder"),
        Binding("up,k", "album(-1)", "Run before", show=False, key_display="↑", tooltip="The run or folder before"),
        Binding("home", "end(0)", "First", show=False, tooltip="The first epoch or picture"),
        Binding("end", "end(-1)", "Last", show=False, tooltip="The newest epoch or the last picture"),
        Binding("t", "steps", "Steps", show=False, tooltip="Play the way from noise to pictures, step by step"),
        Binding("T", "steps(True)", "Steps anew", show=False, tooltip="Draw that film of steps anew"),
        Binding("n", "nearest", "Nearest", show=False, tooltip="Show the nearest training picture below each sample"),
        Binding("z", "zoom", "Larger", show=False, tooltip="Show fewer pictures of the sheet, larger; then all again"),
        Binding(
            "left_square_bracket", "part(-1)", "Part", show=False, key_display="[", tooltip="The pictures before these"
        ),
        Binding(
            "right_square_bracket", "part(1)", "Part", show=False, key_display="]", tooltip="The pictures after these"
        ),
        Binding("m", "mark", "Mark", show=False, tooltip="Mark this sheet; b then puts it beside another one"),
        Binding("s", "save", "Save", show=False, tooltip="Save what is shown: a copy of it, or both side by side"),
        Binding("y", "copy_path", "Path", show=False, tooltip="Copy the path of this file"),
        Binding("i", "way", "Way", show=False, tooltip="Show pictures in another way: pixels, half-blocks, letters"),
        Binding("l", "list", "List", show=False, tooltip="Show the list of runs and folders, or hide it"),
        Binding("o", "open", "Open", show=False, tooltip="Open any folder of pictures"),
        Binding("escape", "leave", "Back", show=False, key_display="Esc"),
    ]

    def __init__(self, workspace: Workspace, terminal: Terminal) -> None:
        super().__init__(workspace)
        self._terminal = terminal
        self._drawn: tuple[tuple[str, int], ...] | None = None

    def compose(self) -> ComposeResult:
        with Horizontal(id="gallery-body"):
            table = Table(Column("", 1), Column("Run or folder", share=1, middle=True), Column("", 5, right=True))
            table.can_focus = False  # its keys are those of the pane
            table.id = "gallery-list"
            yield table
            with Frame(id="gallery-frame", classes="panel"):
                yield Picture(self._terminal, id="gallery-picture")
                yield Static(id="gallery-words")
        yield Static(Content(_EMPTY), id="gallery-empty", classes="empty")
        yield Notice()

    def on_mount(self) -> None:
        self.query_one(Table).border_title = "Gallery"
        self.watch(self.app, "runs", self.show_runs)
        self.watch(self.app, "terminal", self._take_terminal)

    def reveal(self) -> None:
        super().reveal()
        self._look(True)

    def show_runs(self, runs: tuple[RunSnapshot, ...]) -> None:
        """Look for new sheets where the watcher saw that there are some; else only the states may have changed."""
        self.runs = runs
        drawn = tuple((seen.id, seen.drawn) for seen in runs if seen.draws)
        if drawn != self._drawn:
            self._drawn = drawn
            self._look(False)
        else:
            self.show_list()

    @work(group="look")
    async def _look(self, folders: bool) -> None:
        await self.look(folders=folders)

    def _take_terminal(self, terminal: Terminal) -> None:
        """The terminal may answer late, over a slow line."""
        picture = self.query_one(Picture)
        if terminal != picture.terminal:
            picture.terminal = terminal
            self.show_as(terminal.pictures)

    def on_resize(self, event: Resize) -> None:
        self.fit_path()
        narrow = event.size.width < _NARROW
        if narrow != self.has_class("-narrow"):
            if self.has_class("-list"):
                self.action_list()
            self.set_class(narrow, "-narrow")
            self.remove_class("-alone")

    def _cells(self, row: int) -> Sequence[Content]:
        album = self.albums[row]
        seen = next((seen for seen in self.runs if seen.path == album.path), None)
        sign = badge(seen)[:1] if seen else Content("▪").stylize("$muted")
        name = seen.name if seen and len([one for one in self.runs if one.name == seen.name]) == 1 else album.name
        return sign, Content(name), Content.styled(str(len(album.pages)), "$muted")

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        made = self.made
        if action == "part":
            return made is not None and made.parts > 1
        if action == "zoom":
            return made is not None and made.levels > 1
        if action in ("page", "end", "beside", "play", "mark", "save", "copy_path", "draw", "steps", "nearest"):
            return bool(self.albums)
        return True

    def action_list(self) -> None:
        """Show the list, or give the picture its room."""
        if not self.has_class("-narrow"):
            self.toggle_class("-alone")
            return
        self.toggle_class("-list")
        listed = self.has_class("-list")
        table = self.query_one(Table)
        table.can_focus = listed  # only there the keys are its own
        (table if listed else self.query_one("#gallery-frame")).focus()

    def on_table_selected(self) -> None:
        if self.has_class("-list"):
            self.action_list()

    async def action_leave(self) -> None:
        """Give up what is being drawn, leave a film, what stands beside, the list; then go back."""
        if self._drawing:
            self.workers.cancel_group(self, "draw")
        elif self.frame is not None:
            self.go(self.place.page if self.place else None)
        elif self.left is not None:
            self.action_beside()
        elif self.has_class("-list"):
            self.action_list()
        else:
            await self.run_action("app.back")
