"""A worker process of llama.cpp, as whoever starts it sees it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from garage_tui.core.base.child_environment import environment
from tests.support.gguf_models import random_model

STARTER = """
import sys, time
from pathlib import Path
from garage_tui.jobs.llm.llama_cpp.process import LlamaCppProcess
made = LlamaCppProcess(Path(sys.argv[1]), None, "tiny", threads=1, context=512, slots=1)
made.wait_until_ready()
print(made.folder, made.pid, flush=True)
time.sleep(100)
"""


def test_a_worker_whose_starter_is_killed_ends_and_leaves_no_conversation_behind(tmp_path):
    from garage_tui.jobs.export.gguf_model import write_gguf

    write_gguf(random_model("Llama", tmp_path / "model"), tmp_path / "model.gguf", "f32", lambda text: None)
    starter = subprocess.Popen(
        [sys.executable, "-c", STARTER, str(tmp_path / "model.gguf")],
        stdout=subprocess.PIPE,
        text=True,
        env={**environment(), "TMPDIR": str(tmp_path)},
    )
    assert starter.stdout
    place, worker = starter.stdout.readline().split()
    (Path(place) / "conversation").write_text("what the family asked")
    os.kill(starter.pid, signal.SIGKILL)
    starter.wait()
    deadline = time.monotonic() + 30
    while (Path(place).exists() or Path(f"/proc/{worker}").exists()) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not Path(place).exists() and not Path(f"/proc/{worker}").exists()
