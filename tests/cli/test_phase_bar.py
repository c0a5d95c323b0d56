"""A download in a shell: each phase once, and its count now and then."""

from __future__ import annotations

import json

from garage_tui.cli import phase_bar


def test_without_a_terminal_each_phase_is_a_line_and_its_count_comes_now_and_then(capsys, monkeypatch):
    reports = [["downloading", done, 145, "MB"] for done in (0, 70, 145)] + [["unpacking", 0, 0, ""]]
    lines = [json.dumps(report).encode() + b"\n" for report in reports]
    phase_bar.print_phases(lines)
    assert capsys.readouterr().out == "downloading\nunpacking\n"
    monkeypatch.setattr(phase_bar, "_REPORT_SECONDS", 0.0)
    phase_bar.print_phases(lines)
    assert capsys.readouterr().out == "downloading\ndownloading: 70 of 145 MB\ndownloading: 145 of 145 MB\nunpacking\n"
