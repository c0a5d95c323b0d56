"""The keys of the Runs screen, and their groups in the help."""

from __future__ import annotations

from textual.binding import Binding, BindingType

HELP_GROUPS = (
    ("Start a run", "app.new_run app.draw duplicate both"),
    ("The chosen run", "pause resume go_on stop move delete resume_all"),
    ("Results", "report chat view export compare leave"),
    ("The list", "filter order label"),
    ("Its log", "log hold wrap pan"),
)
BINDINGS: list[BindingType] = [
    Binding("n", "app.new_run", "New run", tooltip="Start a new run: teach facts, or teach a model to draw"),
    Binding("N", "app.draw", "Draw", show=False, tooltip="Start a run that teaches a model to draw"),
    Binding("R", "resume_all", "Resume all", tooltip="Resume every interrupted run"),
    Binding("p", "pause", "Pause", tooltip="Pause the chosen run"),
    Binding("u", "go_on", "Start now", tooltip="Start the chosen run without waiting for its hours or the sun"),
    Binding("p", "resume", "Resume", tooltip="Resume the chosen run"),
    Binding("s", "stop", "Stop", tooltip="Save and stop the chosen run, or remove it from the queue"),
    Binding("c", "chat", "Chat", tooltip="Chat with the model of the chosen run"),
    Binding("v", "view", "View", tooltip="View the contact sheets of the chosen run"),
    Binding("x", "report", "Report", tooltip="Show the report card of the chosen run, or examine the run"),
    Binding("l", "log", "Log", tooltip="Show only the log, or everything again"),
    Binding(
        "slash",
        "filter",
        "Find",
        show=False,
        key_display="/",
        tooltip="Show only runs that contain what you type: name, preset, facts file, verdict, state",
    ),
    Binding("o", "order", "Order", show=False, tooltip="Change the order: newest first, best verdict first, by name"),
    Binding("e", "label", "Name", show=False, tooltip="Give the chosen run a name and a note"),
    Binding("f", "hold", "Hold", show=False, tooltip="Hold the log still, or follow its end again"),
    Binding("right", "pan(1)", "Right", show=False, tooltip="Scroll the log to the end of its long lines"),
    Binding("left", "pan(-1)", "Left", show=False, tooltip="Scroll the log to the beginning of its lines"),
    Binding("w", "wrap", "Wrap", show=False, tooltip="Wrap long lines of the log, or cut them"),
    Binding("m", "compare", "Compare", show=False, tooltip="Mark this run, then compare it with another one"),
    Binding("b", "both", "Both", show=False, tooltip="Train the presets default and story on these facts, and compare"),
    Binding("X", "export", "Export", show=False, tooltip="Export the model of the chosen run for other programs"),
    Binding("y", "duplicate", "Duplicate", show=False, tooltip="Start a run like this one, with changes"),
    Binding("d,delete", "delete", "Delete", show=False, key_display="d", tooltip="Delete the chosen run"),
    Binding("left_square_bracket", "move(-1)", "Earlier", show=False, key_display="[", tooltip="Move up in the queue"),
    Binding("right_square_bracket", "move(1)", "Later", show=False, key_display="]", tooltip="Move down in the queue"),
    Binding(
        "escape",
        "leave",
        "Back",
        show=False,
        key_display="Esc",
        tooltip="Remove the mark, cancel the export, show all runs, or end the full log",
    ),
]
