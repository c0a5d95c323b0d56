"""Zip archives whose contents nobody vouches for (DOCX, EPUB)."""

from __future__ import annotations

import io
import zipfile
import zlib

from garage_tui.core.base.errors import BadInputError
from garage_tui.core.base.format import human_bytes

MAX_EXPANDED = 150_000_000
"""Bytes of the texts of an archive, unpacked; a book of a thousand pages has 5 MB."""
_TEXTS = (".xml", ".rels", ".html", ".htm", ".xhtml", ".opf", ".ncx", ".txt")
_MAX_MEMBERS = 20_000


class Archive:
    """A zip archive in memory; its members are read one at a time, and never more of them than they may have."""

    def __init__(self, data: bytes) -> None:
        """Raises:
        BadInputError: it is damaged, encrypted, or would fill the memory.
        """
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(data))
            members = self._zip.infolist()
        except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError, UnicodeError) as error:
            raise BadInputError("it is damaged: its zip archive cannot be opened") from error
        size = sum(member.file_size for member in members if member.filename.lower().endswith(_TEXTS))
        if size > MAX_EXPANDED or len(members) > _MAX_MEMBERS:
            raise BadInputError(
                f"unpacked it would have {human_bytes(size)} in {len(members):,} parts: no text has so much, so it "
                f"is not unpacked (at most {human_bytes(MAX_EXPANDED)} in {_MAX_MEMBERS:,} parts)"
            )
        self.names = [member.filename for member in members]
        self._left = MAX_EXPANDED

    def read(self, name: str) -> bytes | None:
        """Return a member, or None if there is none of that name.

        Raises:
            BadInputError: it is damaged, encrypted, or larger than the archive says.
        """
        try:
            with self._zip.open(name) as member:
                data = member.read(self._left + 1)
        except KeyError:
            return None
        except RuntimeError as error:  # zipfile's word for an encrypted member
            raise BadInputError("it is encrypted: save it without a password") from error
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError, ValueError) as error:
            raise BadInputError(f"it is damaged: {name} in it cannot be unpacked") from error
        self._left -= len(data)
        if self._left < 0:
            raise BadInputError(f"unpacked it has more than {human_bytes(MAX_EXPANDED)}")
        return data
