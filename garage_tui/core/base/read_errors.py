"""What reading a file of JSON may raise where the file is damaged, or is none."""

from __future__ import annotations

import msgspec

DAMAGED = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""It is not JSON, not of the shape that was wanted, not UTF-8, or nested deeper than Python goes."""
UNREADABLE = (OSError, *DAMAGED)
"""As `DAMAGED`; or it is not there, cannot be read, or is no regular file (core.regular_file)."""
