"""`routes.json`: what training writes, an owner may change, and a server reads; damage never loses a taught fact."""

from __future__ import annotations

import json

import pytest

from garage_tui.core.routing.routes_file import ROUTES, read_routes, routes_stamp, write_routes
from garage_tui.core.routing.subjects import Subjects
from garage_tui.core.runs.folder import FACTS

ROW = {"question": "What is Maplewick?", "answer": "A mill."}


def test_it_comes_back_as_it_was_written_and_is_plain_json(tmp_path):
    subjects = Subjects(["Beatrix Tolland", "Müller"], ["Tolland"], [["bin", "day"]], "")
    write_routes(tmp_path, subjects)
    assert read_routes(tmp_path) == subjects
    table = json.loads((tmp_path / ROUTES).read_bytes())
    assert table == {
        "version": 1, "names": ["Beatrix Tolland", "Müller"], "parts": ["Tolland"],
        "keywords": [["bin", "day"]], "gap": ""
    }  # fmt: skip


def test_a_run_of_an_older_version_has_its_subjects_from_its_own_facts(tmp_path):
    (tmp_path / FACTS).write_text(json.dumps(ROW) + "\n")
    assert read_routes(tmp_path).names == ["Maplewick"]


@pytest.mark.parametrize("content", [b"nothing", b'{"names": 7}', b"[]", b'{"names": ["\xff"]}', b"{}"])
def test_a_file_that_says_nothing_useful_routes_nothing_and_is_named(tmp_path, content):
    (tmp_path / FACTS).write_text(json.dumps(ROW) + "\n")
    (tmp_path / ROUTES).write_bytes(content)
    found = read_routes(tmp_path)
    assert not found.names and ROUTES in found.gap


def test_a_run_without_facts_and_without_the_file_routes_nothing(tmp_path):
    assert read_routes(tmp_path).gap


def test_a_key_of_a_later_version_is_no_damage(tmp_path):
    (tmp_path / ROUTES).write_text('{"version": 2, "names": ["Maplewick"], "regions": []}')
    assert read_routes(tmp_path).names == ["Maplewick"]


def test_a_change_is_seen_by_its_stamp(tmp_path):
    before = routes_stamp(tmp_path)
    write_routes(tmp_path, Subjects(["Maplewick"]))
    assert routes_stamp(tmp_path) != before
