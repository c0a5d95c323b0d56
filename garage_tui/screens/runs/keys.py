"""The keys of the Runs screen, its help, and the groups of keys in it."""

from __future__ import annotations

from textual.binding import Binding, BindingType

HELP = (
    "A run teaches the facts of one file to a base model, or trains a diffusion model to draw. It is a process of "
    "its own: it continues when you close the app, the terminal or the connection, and it is listed here the next "
    "time.\n\n"
    "Choose a run with ↑ and ↓. Enter opens its report card or, as long as it has none, its log.\n\n"
    "Loss measures how wrong the model still is: it should fall. "
    "A run that teaches facts tests itself a few times (a probe): recall • is the share of other wordings that it "
    "answers correctly (higher is better), leak x the share of other questions that it answers with taught facts "
    "(lower is better), drift how much its other answers have changed (below 0.02 is hardly noticeable). "
    "The report card (x) shows what it learned and what else changed. "
    "For a run that draws, • is the loss on held-out pictures, and v shows its contact sheets.\n\n"
    "b trains the same facts twice, with the presets default and story (story is plain training, without guards), "
    "and opens the two report cards side by side when both are done.\n\n"
    "P puts the chosen run in service (★): its model answers whoever asks the server for `garage`, from the next "
    "question on. B goes back to what was in service before. A run in service cannot be deleted.\n\n"
    "X exports the model of a run that has ended: merged into 16-bit weights, the adapter alone, or a GGUF.\n\n"
    "The log follows its end. Scroll up or press f to hold it still, press End or f to follow it again; with the "
    "log in front (l), / searches it.\n\n"
    "/ filters the list while you type, o changes its order, and e gives the chosen run a name and a note.\n\n"
    "One run trains at a time (one for each GPU); the others wait in the queue. p resumes a paused, stopped, "
    "failed or interrupted run from its newest checkpoint."
)
HELP_GROUPS = (
    ("Start a run", "app.new_run app.draw duplicate both"),
    ("The chosen run", "pause resume go_on stop move delete resume_all"),
    ("Results", "report chat view export compare leave"),
    ("In service", "promote service_back"),
    ("The list", "filter order label"),
    ("Its log", "log hold wrap pan"),
)
BINDINGS: list[BindingType] = [
    Binding("n", "app.new_run", "New run", tooltip="Start a new run: teach facts, or teach a model to draw"),
    Binding("N", "app.draw", "Draw", show=False, tooltip="Start a run that teaches a model to draw"),
    Binding("R", "resume_all", "Resume all", tooltip="Resume every interrupted run"),
    Binding("p", "pause", "Pause", tooltip="Pause the chosen run"),
    Binding(
        "u",
        "go_on",
        "Start now",
        tooltip="Stop waiting for hours, sun, server or memory; not for its turn",
    ),
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
        tooltip="Show only runs with these words: name, preset, verdict, state",
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
    Binding("P", "promote", "Promote", show=False, tooltip="Put the chosen run in service: people get its answers"),
    Binding("B", "service_back", "Go back", show=False, tooltip="Put in service what was there before"),
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
        tooltip="Remove the mark, cancel an export, show all runs, end the log",
    ),
]
