"""`garage report --markdown` and `--out`, for runs of both kinds."""

from __future__ import annotations


def print_or_write(document: str, out: str | None, *, force: bool) -> None:
    """Print a document, or write it to the file `out`; `force` replaces a file that exists.

    Raises:
        BadInputError: the file exists, or no file can be written there.
        GarageError: it cannot be written.
    """
    import sys

    from garage_tui.core.base.output_file import output_argument

    if out is None:
        print(document, end="")
        return
    output = output_argument(out)
    output.write(document.encode(), force=force)
    if not output.is_stdout:
        print(f"saved {out}", file=sys.stderr)
