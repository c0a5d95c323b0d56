"""The keys of the Gallery, and their groups in the help."""

from __future__ import annotations

from textual.binding import Binding, BindingType

HELP_GROUPS = (
    ("Browse", "page end album list open part zoom way leave"),
    ("Compare", "beside mark nearest"),
    ("Films and new samples", "play steps draw new_run"),
    ("Keep", "save copy_path"),
)
BINDINGS: list[BindingType] = [
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
    Binding("right_square_bracket", "part(1)", "Part", show=False, key_display="]", tooltip="Show the next pictures"),
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
        tooltip="Cancel a drawing, end a film, show one sheet, hide the list",
    ),
]
