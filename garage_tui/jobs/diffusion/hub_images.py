"""Pictures of a Hub data set, loaded with the `datasets` library and decoded as safely as those of a folder."""

from __future__ import annotations

import threading
from contextlib import AbstractContextManager
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any

from garage_tui.core.base.errors import GarageError, reason_of
from garage_tui.core.base.format import human_bytes
from garage_tui.core.base.phase import Say
from garage_tui.core.base.sanitize import one_line
from garage_tui.core.images.image_set import ImageFile
from garage_tui.core.images.safe_image import PictureError, Stream, open_file

BUTTERFLIES = "huggan/smithsonian_butterflies_subset"
"""1,000 pinned butterflies, photographed by the Smithsonian and in the public domain (CC0)."""

_HUB_SECONDS = 5.0
_NAME_SECONDS = 10.0
"""Extra time for the name resolver, to which no time-out of this program applies."""
_ADVICE = "use `procedural`, or a folder of pictures"


def sources(name: str, say: Say, where: Path | None = None) -> list[ImageFile]:
    """Return the pictures in the column `image` of a data set's split `train`.

    The Hub is contacted first, with a time-out of seconds where `datasets` would take minutes; if it does not answer,
    the cached data set is used.

    Args:
        name: the id of the data set on the Hub.
        say: called with progress messages.
        where: a folder with the data set, instead of the Hub.

    Raises:
        GarageError: it can be neither fetched nor found in the cache; the text says what to do.
    """
    rows = _local(where) if where else _hub(name, say)
    if "image" not in rows.column_names:
        raise GarageError(f"{name} has no column `image`: {_ADVICE}")
    from datasets import Image

    rows = rows.cast_column("image", Image(decode=False))
    labels = rows["id"] if "id" in rows.column_names else range(len(rows))
    return [
        ImageFile(called, partial(_open, rows, at, called))
        for at, called in enumerate(f"picture {at} ({one_line(str(label), 60)})" for at, label in enumerate(labels))
    ]


def _open(rows: Any, at: int, name: str) -> AbstractContextManager[Stream]:
    cell = rows[at]["image"]
    if cell and cell.get("bytes"):
        return BytesIO(cell["bytes"])
    if cell and cell.get("path"):
        return open_file(Path(cell["path"]), name, "used")
    raise PictureError(name, "no picture", "is empty")


def _local(folder: Path) -> Any:
    try:
        return _library().load_dataset(str(folder), split="train")
    except Exception as error:  # any exception means that
        raise GarageError(f"{one_line(str(folder))} is not a data set: {reason_of(error)}") from error


def _hub(name: str, say: Say) -> Any:
    datasets = _library()
    offline = datasets.config.HF_HUB_OFFLINE
    info = None if offline else _ask(name, say)
    try:
        datasets.config.HF_HUB_OFFLINE = info is None  # then only the cache is used
        return datasets.load_dataset(name, split="train", revision=info.sha if info else None)
    except Exception as error:
        if info is None:
            why = "HF_HUB_OFFLINE is set" if offline else "the Hub does not answer"
            raise GarageError(f"{name} is not on this machine, and {why}: try again later, or {_ADVICE}") from error
        why = reason_of(error, 120)
        raise GarageError(f"the download of {name} failed ({why}): try again, or {_ADVICE}") from error
    finally:
        datasets.config.HF_HUB_OFFLINE = offline


def _ask(name: str, say: Say) -> Any:
    """Return the Hub's description of a data set; None if the Hub does not answer.

    Raises:
        GarageError: the Hub has no such data set.
    """
    from huggingface_hub import HfApi
    from huggingface_hub.errors import RepositoryNotFoundError

    say("contacting the Hub")
    answer: list[Any] = []

    def ask() -> None:
        try:
            answer.append(HfApi().dataset_info(name, files_metadata=True, timeout=_HUB_SECONDS))
        except Exception as error:  # no network, a proxy's page, a time-out
            answer.append(error)

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(_HUB_SECONDS + _NAME_SECONDS)
    if answer and isinstance(answer[0], RepositoryNotFoundError):
        raise GarageError(f"the Hub has no data set {name} (or it is private): {_ADVICE}") from answer[0]
    if not answer or isinstance(answer[0], Exception):
        kind = type(answer[0]).__name__ if answer else "no answer in time"
        say(f"the Hub does not answer ({kind}); using the cached data set")
        return None
    size = sum(file.size or 0 for file in answer[0].siblings or [])
    say(f"fetching {name}: {human_bytes(size)}, unless it is cached")
    return answer[0]


def _library() -> Any:
    """Return the `datasets` library with its progress bars switched off."""
    import datasets

    datasets.disable_progress_bars()
    datasets.logging.set_verbosity_error()
    return datasets
