"""Reading documents, each in its reader process: pages a second, memory, and what is left out.

.venv/bin/python benchmarks/documents.py [FILE …]

Without files it makes a PDF of 100 pages of prose. The budget: 100 pages of a PDF in 20 s on two cores, and 300 MB.
Time is the processor's: reading is one thread that waits for nothing, so on a quiet machine the owner waits as long.
Wall clock stands beside it.
"""

from __future__ import annotations

import os
import random
import sys
import tempfile
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from table import Figure, show

from garage_tui.core.base.errors import GarageError
from garage_tui.core.base.workspace import Workspace
from garage_tui.core.documents.read_document import read_document

PAGES = 100
NOUNS = "pump valve oil greenhouse spring lid gasket workbench litre pressure winter machine drawer red old".split()


class Measured(NamedTuple):
    """What reading one document took; of the reader process and whatever it started."""

    wall: float
    cpu: float
    peak: int
    """Bytes of memory."""
    pages: int
    passages: int
    characters: int


def measure(path: Path) -> Measured:
    """Read a document in a child of this process, so that the peak of memory is its own."""
    reading, writing = os.pipe()
    begun = time.monotonic()
    child = os.fork()
    if not child:
        try:
            document = read_document(str(path), Workspace(Path.cwd()))
            counts = f"{document.pages} {len(document.passages)} {len(document.text)}"
        except GarageError as error:
            print(error, file=sys.stderr)
            counts = "0 0 0"
        os.write(writing, counts.encode())
        os._exit(0)
    os.close(writing)
    counts = os.read(reading, 100).decode()
    os.close(reading)
    _, _, usage = os.wait4(child, 0)
    wall = time.monotonic() - begun
    pages, passages, characters = map(int, counts.split())
    return Measured(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024, pages, passages, characters)


def make(path: Path) -> Path:
    """Write a PDF of 100 pages with headings, headers, page numbers and about 3,000 characters a page."""
    from reportlab.lib.pagesizes import A4
    from reportlab.pdfgen.canvas import Canvas

    luck = random.Random(1)
    canvas = Canvas(str(path), pagesize=A4)
    for number in range(1, PAGES + 1):
        canvas.setFont("Helvetica", 9)
        canvas.drawString(72, 800, f"The manual of the greenhouse · page {number}")
        canvas.setFont("Helvetica-Bold", 14)
        canvas.drawString(72, 770, f"{number} The {luck.choice(NOUNS)}")
        canvas.setFont("Helvetica", 10)
        sentences = (f"The {' '.join(luck.choices(NOUNS, k=12))}." for _ in range(42))
        for index, line in enumerate(textwrap.wrap(" ".join(sentences), 95)):
            canvas.drawString(72, 745 - 13 * index, line)
        canvas.showPage()
    canvas.save()
    return path


def figures(paths: list[Path]) -> Iterator[Figure]:
    """Yield what each document took: time for 100 pages of those that have pages, and the peak of memory."""
    for path in paths:
        found = measure(path)
        counts = f"{found.pages:,} pages, {found.passages:,} passages, {found.characters:,} characters"
        if found.pages:
            hundred, processor = (100 * seconds / found.pages for seconds in (found.wall, found.cpu))
            yield Figure(f"{path.name}: 100 pages", 20, processor, "s", f"{counts}; wall clock {hundred:.1f} s")
        else:
            yield Figure(f"{path.name}: whole", 20, found.cpu, "s", f"{counts}; wall clock {found.wall:.1f} s")
        yield Figure(f"{path.name}: peak of memory", 300, found.peak / 1e6, "MB")


def main() -> int:
    """Measure the documents that are named, or one that is made."""
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(name).resolve() for name in sys.argv[1:]] or [make(Path(folder, "made.pdf"))]
        return 0 if show(figures(paths)) else 1


if __name__ == "__main__":
    sys.exit(main())
