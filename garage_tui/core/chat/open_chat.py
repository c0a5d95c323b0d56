"""The conversation that is open in the chat, together with the file that it is saved in."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from pathlib import Path

from garage_tui.core.chat import transcripts
from garage_tui.core.chat.transcripts import Transcript
from garage_tui.core.facts import file as facts_file


@dataclass
class OpenChat:
    """A transcript in memory, and what is on disk of it."""

    transcript: Transcript = field(default_factory=Transcript)
    path: Path | None = None
    """Its file; None before the first answer."""
    stamp: facts_file.FileStamp | None = None
    """Stamp of the file when it was last read or written here."""
    saved: bytes = b""
    """Content of the file when it was last read or written here."""
    is_deleted: bool = False
    """True once its file was deleted on purpose: an answer that ends later does not bring it back."""
    lock: threading.Lock = field(default_factory=threading.Lock)
    """Held while saving: at the end of the app both a thread and the event loop may want to save."""

    @classmethod
    def load(cls, path: Path) -> OpenChat:
        """Read a saved conversation. Blocks: call it in a thread.

        Raises:
            BadInputError: the file cannot be read, or is not a transcript.
        """
        stamp = facts_file.file_stamp(path)
        transcript = transcripts.load(path)
        return cls(transcript, path, stamp, transcripts.encode(transcript))

    def save(self, folder: Path) -> None:
        """Write the transcript if it has changed and was not deleted. Blocks: call it in a thread.

        If another app has changed the file meanwhile, that file stays as it is and a new one is written.

        Raises:
            GarageError: it cannot be written.
        """
        with self.lock:
            data = transcripts.encode(self.transcript)
            if self.is_deleted or not self.transcript.turns or data == self.saved:
                return
            if self.path and facts_file.file_stamp(self.path) != self.stamp:
                self.path = None
            self.path = transcripts.save(folder, data, self.path, self.transcript.turns[0].question)
            self.stamp, self.saved = facts_file.file_stamp(self.path), data

    def branch(self, turns: int = 0) -> OpenChat:
        """Return a new conversation with the same models, the same settings and the first `turns` turns.

        It is saved in a file of its own; this one stays as it is.
        """
        old = self.transcript
        return OpenChat(
            Transcript(
                base=old.base, run=old.run, system=old.system, sampling=old.sampling, turns=list(old.turns[:turns])
            )
        )
