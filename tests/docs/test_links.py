"""Every link of the documentation leads to a page and a heading that are there, and the start page lists every page."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted(
    [*(ROOT / "docs").rglob("*.md"), *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md"))]
)
_LINK = re.compile(r"\]\(\s*<?([^)\s>]+)>?[^)]*\)")
_FENCE = re.compile(r"^( *)(```+|~~~+).*?^\1\2[ \t]*$", re.DOTALL | re.MULTILINE)


def _name(page: Path) -> str:
    return str(page.relative_to(ROOT))


def _prose(page: Path) -> str:
    """Return a page without its blocks of code."""
    return _FENCE.sub("", page.read_text(encoding="utf-8"))


def _anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub and MkDocs make them."""
    found: set[str] = set()
    for heading in re.findall(r"^#{1,6} +(.+?) *#*$", _prose(page), re.MULTILINE):
        text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower()
        anchor = re.sub(r"[^\w\- ]", "", text).strip().replace(" ", "-")
        number, base = 1, anchor
        while anchor in found:
            anchor, number = f"{base}-{number}", number + 1
        found.add(anchor)
    return found


def _links(page: Path) -> list[str]:
    return _LINK.findall(re.sub(r"`[^`\n]*`", "", _prose(page)))


def _broken(page: Path, link: str) -> str:
    """Return what is wrong with a link; empty where it leads somewhere in this repository, or to the web."""
    if re.match(r"[a-z][a-z0-9+.-]*:", link):
        return ""
    path, _, anchor = link.partition("#")
    target = (page.parent / unquote(path)).resolve() if path else page
    if not target.is_relative_to(ROOT):
        return f"{link}: outside the repository"
    if not target.exists():
        return f"{link}: no such file"
    if anchor and target.suffix == ".md" and unquote(anchor) not in _anchors(target):
        return f"{link}: no such heading"
    return ""


def test_there_are_pages_with_links():
    assert len(PAGES) >= 15
    assert sum(len(_links(page)) for page in PAGES) >= 100


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_every_link_of_a_page_leads_somewhere(page: Path):
    assert [wrong for link in _links(page) if (wrong := _broken(page, link))] == []


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_a_page_has_one_title(page: Path):
    titles = re.findall(r"^# .+$", _prose(page), re.MULTILINE)
    assert len(titles) == 1
    assert page.read_text(encoding="utf-8").startswith(titles[0])


def test_the_start_page_lists_every_page():
    start = ROOT / "docs" / "index.md"
    listed = {(start.parent / link.partition("#")[0]).resolve() for link in _links(start)}
    assert [_name(page) for page in PAGES if page not in listed and page != start] == []


def test_the_links_of_the_readme_lead_to_every_guide():
    listed = {(ROOT / link.partition("#")[0]).resolve() for link in _links(ROOT / "README.md")}
    guides = {page for page in PAGES if page.parent.name == "guide"}
    assert len(guides) >= 10
    assert guides <= listed
