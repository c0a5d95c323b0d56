"""The limits of a fetched page: one deadline for all of it, and its body decompressed in bounded pieces."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
import zlib
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import ClassVar, Self

from garage_tui.core.base.sanitize import one_line


class ConnectionDeadline:
    """Shuts a connection at a point in time, whatever it does then.

    The timeouts of httpx limit the wait for the next byte. A server that sends one byte every few seconds, in its
    headers too, would hold it for ever.
    """

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds
        self._timer = threading.Timer(seconds, self._shut)
        self._timer.daemon = True
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._timer.cancel()
        self._keep(None)

    @property
    def left(self) -> float:
        """Seconds until the end; a little more than none, as a timeout of zero would mean another thing."""
        return max(self._end - time.monotonic(), 0.001)

    @property
    def is_over(self) -> bool:
        return time.monotonic() >= self._end

    def watch(self, event: str, details: Mapping[str, object]) -> None:
        """Keep the newest connection; httpcore calls it with everything that happens (its extension `trace`)."""
        if event != "connection.connect_tcp.complete":
            return
        stream = details["return_value"]
        # A copy of it stays usable when TLS takes the socket over.
        self._keep(stream.get_extra_info("socket").dup())  # type: ignore[attr-defined]
        if self.is_over:
            self._shut()

    def _keep(self, new: socket.socket | None) -> None:
        with self._lock:
            if self._socket is not None:
                self._socket.close()
            self._socket = new

    def _shut(self) -> None:
        with self._lock, contextlib.suppress(OSError):  # it may be closed already
            if self._socket is not None:
                self._socket.shutdown(socket.SHUT_RDWR)


class UndecodableBodyError(Exception):
    """The body of an answer cannot be decompressed; the text says why."""


class BodyDecoder:
    """Decompresses the body of an answer, of which no piece becomes longer than whoever reads it allows."""

    ENCODINGS: ClassVar[tuple[str, ...]] = ("gzip", "deflate")
    """What a server may use, as it is named to it."""

    def __init__(self, encodings: Sequence[str]) -> None:
        """Take what the header `Content-Encoding` lists.

        Raises:
            UndecodableBodyError: it is none of `ENCODINGS`, or more than one.
        """
        used = [one for one in (encoding.strip().lower() for encoding in encodings) if one not in ("", "identity")]
        if len(used) > 1:
            raise UndecodableBodyError(
                f"the server compresses it {len(used)} times ({one_line(', '.join(used), 60)}), and garage unpacks a "
                "page once; save it with a browser and read the file"
            )
        self._encoding = used[0].removeprefix("x-") if used else ""
        if self._encoding and self._encoding not in self.ENCODINGS:
            raise UndecodableBodyError(
                f"the server compresses it with {one_line(used[0], 40)}, and garage unpacks "
                f"{' and '.join(self.ENCODINGS)}; save it with a browser and read the file"
            )
        self._stream = zlib.decompressobj(zlib.MAX_WBITS + (16 if self._encoding == "gzip" else 0))
        self._begun = False

    def decode(self, part: bytes, most: int) -> bytes:
        """Return the next piece of the body; of one with more than `most` bytes the first so many.

        Raises:
            UndecodableBodyError: it is damaged.
        """
        if not self._encoding:
            return part
        try:
            return self._decompress(part, most)
        except zlib.error as error:
            raise UndecodableBodyError(f"it is damaged: it cannot be unpacked as {self._encoding}") from error

    def _decompress(self, part: bytes, most: int) -> bytes:
        begins = not self._begun and bool(part)
        self._begun = self._begun or begins
        try:
            return self._stream.decompress(part, most)
        except zlib.error:
            if not begins or self._encoding != "deflate":
                raise
            # Many servers mean by "deflate" the bare stream, without the header of zlib that the standard asks for.
            self._stream = zlib.decompressobj(-zlib.MAX_WBITS)
            return self._stream.decompress(part, most)

    def finish(self) -> None:
        """Check that the body has come to its end.

        Raises:
            UndecodableBodyError: it breaks off.
        """
        if self._begun and not self._stream.eof:
            raise UndecodableBodyError("it breaks off in the middle: fetch it again")
