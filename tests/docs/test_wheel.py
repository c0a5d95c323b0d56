"""Every page of docs/ comes along in an installed wheel, so that `garage help` finds it there."""

from __future__ import annotations

import tomllib

from tests.support.repository import REPOSITORY


def test_the_wheel_has_every_page():
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())
    included = project["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    assert all(target == f"garage_tui/{source}" for source, target in included.items())
    sources = [REPOSITORY / source for source in included]
    assert not [source for source in sources if not source.exists()]
    pages = list((REPOSITORY / "docs").rglob("*.md"))
    assert len(pages) >= 20
    assert not [page for page in pages if page not in sources and not {*page.parents} & {*sources}]
