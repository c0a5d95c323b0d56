"""Write the generated pages of docs/reference/ and the files in share/, or say which of them are stale.

    python -m docs.generate [--check]

`--check` writes nothing. It names each stale page, says how to mend it, and exits with 1.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from docs.generate import cli, keys, request_fields, settings, shell

ROOT = Path(__file__).resolve().parents[2]
PAGES: dict[str, Callable[[], str]] = {
    "docs/reference/cli.md": cli.page,
    "docs/reference/keys.md": keys.page,
    "docs/reference/request-fields.md": request_fields.page,
    "docs/reference/settings.md": settings.page,
    "share/bash-completion/completions/garage": shell.completion("bash"),
    "share/zsh/site-functions/_garage": shell.completion("zsh"),
    "share/fish/vendor_completions.d/garage.fish": shell.completion("fish"),
    "share/man/man1/garage.1": shell.manual,
}
"""Each generated file with what writes it."""


def stale(folder: Path = ROOT) -> list[Path]:
    """Return the generated files in a checkout that differ from what the program says now."""
    paths = {folder / name: page for name, page in PAGES.items()}
    return [path for path, page in paths.items() if not path.exists() or path.read_text(encoding="utf-8") != page()]


def main(arguments: list[str]) -> int:
    if "--check" in arguments:
        pages = stale()
        for path in pages:
            print(f"{path.relative_to(ROOT)} is stale: run `make docs` and commit it")
        return int(bool(pages))
    for name, page in PAGES.items():
        (ROOT / name).parent.mkdir(parents=True, exist_ok=True)
        (ROOT / name).write_text(page(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
