"""The README as a package index shows it: no link or picture depends on the repository around it."""

from __future__ import annotations

import re

from hatch_build import absolute_links, urls
from tests.support.repository import REPOSITORY

README = (REPOSITORY / "README.md").read_text(encoding="utf-8")
TARGET = re.compile(r"\]\(([^)]+)\)")
ADDRESS = "https://example.org/garage"


def test_with_an_address_every_link_and_picture_is_absolute():
    text = absolute_links(README, ADDRESS)
    targets = TARGET.findall(text)
    assert len(targets) > 20 and all(target.startswith("https://") for target in targets)
    assert f"({ADDRESS}/raw/main/docs/images/screen.svg)" in text
    assert f"[Install]({ADDRESS}/blob/main/docs/guide/install.md)" in text
    assert set(urls(ADDRESS)) == {"Homepage", "Documentation", "Changelog", "Issues"}


def test_without_one_there_is_no_link_to_nowhere_and_the_text_stays():
    text = absolute_links(README, "")
    assert all(target.startswith("https://") for target in TARGET.findall(text))
    assert "![" not in text and "docs/images" not in text
    assert "Install says how" in text and urls("") == {}
