"""The settings `[documents]`."""

from __future__ import annotations

import msgspec


class DocumentsSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[documents]`: the model that writes facts from documents; without one, rules do."""

    writer_url: str = ""
    """Address of an OpenAI-compatible server whose model writes facts from documents, ending in `/v1`; by default the
    workspace's own server if it runs, else rules without a model. The passages of your documents go there. Only in the
    user's own settings."""
    writer_model: str = ""
    """Name of the model on that server; by default its first model."""
    writer_key_file: str = ""
    """File with the server's API key, which only you may be able to read (`chmod 600`). Only in the user's own
    settings."""
