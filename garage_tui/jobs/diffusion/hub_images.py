"""Pictures from a data set of the Hub: by the `datasets` library, and decoded as carefully as those of a folder."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any

from garage_tui.core.base.errors import GarageError
from garage_tui.core.base.format import human_bytes
from garage_tui.core.base.sanitize import one_line
from garage_tui.core.images.image_set import ImageFile
from garage_tui.core.images.safe_image import PictureError, Stream, open_file

BUTTERFLIES = "huggan/smithsonian_butterflies_subset"
"""1,000 pinned butterflies, photographed by the Smithsonian and given to everybody (CC0)."""

_HUB_SECONDS = 5.0
_NAME_SECONDS = 10.0
"""A resolver that does not answer is waited for by the system, and no time-out of ours holds there."""
_INSTEAD = "use `procedural`, or a folder of pictures"


def sources(name: str, say: Callable[[str], None], where: Path | None = None) -> list[ImageFile]:
    """Return the pictures in the column `image` of a data set's split `train`.

    The Hub is asked first whether it is there, for seconds, as `datasets` would ask for minutes; where it is not, what
    was fetched before is used.

    Args:
        name: of the data set on the Hub.
        say: called with sentences about the progress.
        where: a folder with the data set, instead of the Hub.

    Raises:
        GarageError: it is neither to be had nor here; the text says what to do instead.
    """
    rows = _local(where) if where else _hub(name, say)
    if "image" not in rows.column_names:
        raise GarageError(f"{name} has no column `image`: {_INSTEAD}")
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
    except Exception as error:  # of every kind, and all of them mean that
        raise GarageError(f"{one_line(str(folder))} is no data set: {one_line(str(error))}") from error


def _hub(name: str, say: Callable[[str], None]) -> Any:
    datasets = _library()
    offline = datasets.config.HF_HUB_OFFLINE
    info = None if offline else _ask(name, say)
    try:
        datasets.config.HF_HUB_OFFLINE = info is None  # then it looks in its cache, and nowhere else
        return datasets.load_dataset(name, split="train", revision=info.sha if info else None)
    except Exception as error:
        if info is None:
            why = "HF_HUB_OFFLINE is set" if offline else "the Hub does not answer"
            raise GarageError(f"{name} is not here, and {why}: try again later, or {_INSTEAD}") from error
        why = one_line(str(error), 120)
        raise GarageError(f"the download of {name} broke off ({why}): try again, or {_INSTEAD}") from error
    finally:
        datasets.config.HF_HUB_OFFLINE = offline


def _ask(name: str, say: Callable[[str], None]) -> Any:
    """Return what the Hub says of a data set; None where it does not answer.

    Raises:
        GarageError: it answers that there is none.
    """
    from huggingface_hub import HfApi
    from huggingface_hub.errors import RepositoryNotFoundError

    say("asking the Hub")
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
        raise GarageError(f"the Hub has no data set {name} (or it is private): {_INSTEAD}") from answer[0]
    if not answer or isinstance(answer[0], Exception):
        kind = type(answer[0]).__name__ if answer else "no answer in time"
        say(f"the Hub does not answer ({kind}); looking for what was fetched before")
        return None
    size = sum(file.size or 0 for file in answer[0].siblings or [])
    say(f"fetching {name}: {human_bytes(size)}, if it is not here already")
    return answer[0]


def _library() -> Any:
    """Return `datasets`, without its progress bars, which are for a terminal."""
    import datasets

    datasets.disable_progress_bars()
    datasets.logging.set_verbosity_error()
    return datasets
