"""Write the generated pages of docs/reference/, or say which of them are stale.

    python -m docs.generate [--check]

`--check` writes nothing. It names each stale page, says how to mend it, and exits with 1.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from docs.generate import cli, keys, request_fields, settings

REFERENCE = Path(__file__).resolve().parents[1] / "reference"
PAGES: dict[str, Callable[[], str]] = {
    "cli.md": cli.page,
    "keys.md": keys.page,
    "request-fields.md": request_fields.page,
    "settings.md": settings.page,
}
"""Each generated page with what writes it."""


def stale(folder: Path = REFERENCE) -> list[Path]:
    """Return the pages of `folder` that differ from what the program says now."""
    paths = {folder / name: page for name, page in PAGES.items()}
    return [path for path, page in paths.items() if not path.exists() or path.read_text(encoding="utf-8") != page()]


def main(arguments: list[str]) -> int:
    if "--check" in arguments:
        pages = stale()
        for path in pages:
            print(f"{path.relative_to(REFERENCE.parents[1])} is stale: run `make docs` and commit the page")
        return int(bool(pages))
    for name, page in PAGES.items():
        (REFERENCE / name).write_text(page(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
