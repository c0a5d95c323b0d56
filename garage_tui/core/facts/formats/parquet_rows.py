"""The rows of a Parquet file; pyarrow is imported when one is read."""

from __future__ import annotations

import base64
import datetime
import math
from typing import Any

from garage_tui.core.base.errors import BadInputError
from garage_tui.core.facts.formats.read_row import SourceRow

MAGIC = b"PAR1"
MAX_ROWS = 2_000_000


def read_parquet(data: bytes) -> list[SourceRow]:
    """Return the rows of a Parquet file. It takes a moment: not on the event loop.

    Raises:
        BadInputError: it cannot be read.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.ParquetFile(pa.BufferReader(data))
        if table.metadata.num_rows > MAX_ROWS:
            raise BadInputError(f"a Parquet file with {table.metadata.num_rows:,} rows; {MAX_ROWS:,} are read at most")
        rows = table.read(use_threads=False).to_pylist()  # a thread of the library may abort the process as it ends
    except (pa.ArrowException, OSError, ValueError, NotImplementedError) as error:
        why = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise BadInputError(f"this Parquet file cannot be read ({why}); it may have been cut off") from error
    return [SourceRow(number, 0, _plain(row)) for number, row in enumerate(rows, 1)]


def _plain(value: Any) -> Any:
    """Return a value as JSON can hold it: dates and decimals as text, bytes in base 64, not a number as null."""
    if isinstance(value, dict):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    if isinstance(value, datetime.date | datetime.datetime | datetime.time):
        return value.isoformat()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value if value is None or isinstance(value, str | int | float | bool) else str(value)
