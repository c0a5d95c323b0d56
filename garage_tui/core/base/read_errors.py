"""The exceptions that reading a JSON file may raise."""

from __future__ import annotations

import msgspec

DAMAGED = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""It is not JSON, not of the expected shape, not UTF-8, or nested too deeply."""
UNREADABLE = (OSError, *DAMAGED)
"""As `DAMAGED`; or the file is missing, cannot be read, or is not a regular file (`core/base/safe_open.py`)."""
