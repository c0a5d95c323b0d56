"""Butterflies of the preset `card` for five epochs, as a real run: seconds a step, and what the run took in all."""

from __future__ import annotations

import tempfile
import time
from itertools import pairwise
from pathlib import Path
from statistics import median

from garage_tui.core.base.tail import FileFollower
from garage_tui.core.diffusion.recipe import make_recipe
from garage_tui.core.launch import start
from garage_tui.core.runs.folder import EVENTS
from garage_tui.core.runs.record import read_run
from garage_tui.core.settings.settings import Settings, Workspace
from gpu_parts.rows import Options, Report
from gpu_parts.started_run import stopped_at_the_end

EPOCHS = 5
_TINY = {"size": 16, "channels": (32, 32), "attention": (False, True), "layers": 1, "batch_size": 500, "epochs": 1}
_TINY |= {"compile": False, "samples": 2, "sample_steps": 2}


def measure(options: Options, report: Report) -> None:
    """Report a run of the diffusion job, without and with torch.compile's first step."""
    changes = _TINY if options.dry else {"epochs": EPOCHS}
    began = time.time()
    recipe = make_recipe("card", **changes)
    workspace = Workspace.find(tempfile.mkdtemp())
    folder = start.start_diffusion(workspace, Settings(), recipe)
    with stopped_at_the_end(folder):
        while (seen := read_run(folder)).alive:
            time.sleep(0.5)
    if seen.status != "finished":
        raise RuntimeError(f"{seen.status}: {seen.reason}")
    events = FileFollower(folder / EVENTS).events(final=True)
    steps = [event for event in events if event.get("event") == "step"]
    took = [later["t"] - earlier["t"] for earlier, later in pairwise(steps)]
    # A sheet or a checkpoint between two steps is in no median of a hundred.
    figure = f"{median(took):.4f} s" if took else "one step"
    report("seconds a step (median)", figure, f"{steps[-1]['step']} steps of {recipe.batch_size} at {recipe.size} px")
    report("loss, first and last step", f"{steps[0]['loss']:.3f}, {steps[-1]['loss']:.3f}", f"{recipe.epochs} epochs")
    report("first step, compilation included", f"{steps[0]['t'] - _training_began(events):.1f} s")
    sheets = len(list(Path(folder).glob("samples/*.png")))
    report("the whole run", f"{time.time() - began:.1f} s", f"{sheets} sheets, pipeline and card; {seen.reason}")


def _training_began(events: list[dict[str, object]]) -> float:
    phases = [event for event in events if str(event.get("phase", "")).startswith("training on")]
    return float(str(phases[0]["t"]))
