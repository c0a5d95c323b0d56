"""Settings that only the user's own file can set."""

from __future__ import annotations

OWNERS_ALONE = (
    ("notify", "command"),
    ("notify", "urls"),
    ("sun", "command"),
    ("serve", "host"),
    ("serve", "vllm_python"),
    ("serve", "vllm_args"),
    ("chat", "server"),
    ("chat", "key_file"),
    ("documents", "writer_url"),
    ("documents", "writer_key_file"),
)
"""Settings that a workspace cannot set: it may be somebody else's, and must not name programs or addresses."""
