"""`garage report --markdown` and `--out`, for runs of both kinds."""

from __future__ import annotations


def print_or_write(document: str, out: str | None, *, force: bool) -> None:
    """Print a document, or write it to the file `out`; `force` replaces a file that exists.

    Raises:
        BadInputError: the file exists, or cannot be written.
    """
    import sys
    from pathlib import Path

    from garage_tui.core.exam.report_markdown import write_markdown

    if out is None:
        print(document, end="")
        return
    write_markdown(Path(out), document, replace=force)
    print(f"saved {out}", file=sys.stderr)
