"""Following a run until it ends."""

from __future__ import annotations

import fcntl
import json
import os
import threading
import time

from garage_tui.cli.runs.follow import follow_as_json
from garage_tui.core.runs.folder import EVENTS, LOCK
from garage_tui.core.runs.record import RunState, write_state
from tests.support.run_folders import served_run


def test_the_last_event_is_printed_although_the_state_that_comes_before_it_says_finished(workspace, capsys):
    folder = served_run(workspace, "20261123-2315-lora-a").path
    lock = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT)
    fcntl.flock(lock, fcntl.LOCK_EX)
    write_state(folder, RunState(state="finished", ended=time.time()))
    earlier = [{"event": "ended", "state": "stopped"}, {"event": "step", "step": 2}]
    (folder / EVENTS).write_text("".join(json.dumps(event) + "\n" for event in earlier))

    def end() -> None:
        with (folder / EVENTS).open("a") as file:
            file.write(json.dumps({"event": "ended", "state": "finished"}) + "\n")

    timer = threading.Timer(0.6, end)
    timer.start()
    try:
        assert follow_as_json(folder) == 0
        assert timer.finished.is_set(), "it did not wait for the event"
    finally:
        timer.join()
        os.close(lock)
    printed = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert printed == [*earlier, {"event": "ended", "state": "finished"}]
