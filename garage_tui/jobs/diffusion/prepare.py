"""The pictures of a run that works at another place: read on this box and put into the run folder.

    python -m garage_tui.jobs.diffusion.prepare checkpoints/RUN

The run's watcher starts it before it brings the folder there, because the folder of the pictures stays here.
"""

from __future__ import annotations

import sys
from pathlib import Path

import msgspec

from garage_tui.core.base.safe_open import read_regular
from garage_tui.core.diffusion.recipe import DiffusionRecipe
from garage_tui.core.runs.folder import MANIFEST
from garage_tui.core.runs.record import Manifest
from garage_tui.core.runs.state_writer import append_event
from garage_tui.jobs.diffusion.dataset_cache import images_of
from garage_tui.jobs.runtime.plain_job import exit_code_of


class _PicturesReport:
    """Writes what is read into the log, and what is left out into the events: the run has no job yet."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def say(self, text: str, /, done: int = 0, total: int = 0, unit: str = "") -> None:
        """Print a message; progress that is only counted is left out."""
        if not done:
            print(text, flush=True)

    def warn(self, text: str) -> None:
        """Write a warning to the events and the log."""
        append_event(self._folder, "warning", text=text)
        print(text, flush=True)


def main(arguments: list[str]) -> int:
    folder = Path(arguments[0]).resolve()

    def read() -> None:
        manifest = msgspec.json.decode(read_regular(folder / MANIFEST), type=Manifest)
        images_of(folder, manifest, msgspec.convert(manifest.recipe, DiffusionRecipe), _PicturesReport(folder))

    advice = "free some space and resume the run"
    return exit_code_of(read, folder=folder, full_disk=advice, out_of_memory="out of memory; try smaller pictures")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
