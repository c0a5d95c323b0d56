"""A facts file that is read once for a run, so that its bytes, rows and hash belong to the same version of it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from garage_tui.core.facts.file import FactsFile, check_trainable, parse_bytes, read_bytes
from garage_tui.core.facts.line import Fact


@dataclass(frozen=True)
class TrainingFile:
    """A sound facts file as it was when it was read."""

    data: bytes
    """What a run copies into its folder."""
    file: FactsFile

    @cached_property
    def rows(self) -> list[Fact]:
        """The facts that are trained on."""
        return self.file.training

    @cached_property
    def sha256(self) -> str:
        """SHA-256 of the bytes, in hexadecimal."""
        return hashlib.sha256(self.data).hexdigest()


def read_training_file(path: Path) -> TrainingFile:
    """Read a facts file once, for a run.

    Raises:
        BadInputError: it cannot be read, a line has an error, or there is nothing to train on.
    """
    data = read_bytes(path)
    file = parse_bytes(path, data)
    check_trainable(file)
    return TrainingFile(data, file)
