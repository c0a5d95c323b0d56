"""Build-time metadata: the project's addresses, and the README as the package index shows it.

A package index shows the README away from its repository, so every link and picture in it needs an absolute address.
`[tool.garage] repository` in pyproject.toml is where the project is published. While it is empty, the links become
plain text and the picture is left out: a link to nowhere is worse than none.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from hatchling.metadata.plugin.interface import MetadataHookInterface

_IMAGE = re.compile(r"^!\[[^\]]*\]\((?!https?:)([^)\s]+)\)\n\n?", re.MULTILINE)
_LINK = re.compile(r"(?<!!)\[([^\]]+)\]\((?!https?:|#)([^)\s]+)\)")


class ProjectMetadata(MetadataHookInterface):
    """Adds `readme` and `urls`, which pyproject.toml declares as dynamic."""

    def update(self, metadata: dict[str, object]) -> None:
        """Fill in what depends on where the project is published."""
        root = Path(self.root)
        repository = tomllib.loads((root / "pyproject.toml").read_text())["tool"]["garage"]["repository"].rstrip("/")
        text = absolute_links((root / "README.md").read_text(encoding="utf-8"), repository)
        metadata["readme"] = {"content-type": "text/markdown", "text": text}
        metadata["urls"] = urls(repository)


def urls(repository: str) -> dict[str, str]:
    """Return the project's addresses; none while it is published nowhere."""
    if not repository:
        return {}
    return {
        "Homepage": repository,
        "Documentation": f"{repository}/blob/main/docs/index.md",
        "Changelog": f"{repository}/blob/main/CHANGELOG.md",
        "Issues": f"{repository}/issues",
    }


def absolute_links(readme: str, repository: str) -> str:
    """Return a README whose relative links and pictures are absolute; without a repository, without them."""
    if not repository:
        return _LINK.sub(r"\1", _IMAGE.sub("", readme))
    images = re.sub(r"(!\[[^\]]*\]\()(?!https?:)", rf"\g<1>{repository}/raw/main/", readme)
    return _LINK.sub(rf"[\1]({repository}/blob/main/\2)", images)
