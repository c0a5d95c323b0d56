"""The job of a LoRA run whose probes all say that it has learned; it saves each step, and is killed in `KILLED_AT`."""

import os
import signal
import sys

from garage_tui.jobs.lora.gauss_newton import GaussNewton
from garage_tui.jobs.lora.probe import ProbeResult, ProbeRunner
from garage_tui.jobs.lora.train import main
from garage_tui.jobs.runtime import checkpointing

KILLED_AT = int(os.environ.get("KILLED_AT", "0"))
taken = 0
step = GaussNewton.step


def step_or_die(self, *arguments):
    global taken
    taken += 1
    if taken == KILLED_AT:
        for process in (os.getppid(), os.getpid()):  # its supervisor would say what happened
            os.kill(process, signal.SIGKILL)
    step(self, *arguments)


checkpointing.CheckpointSchedule.due = lambda self: True
GaussNewton.step = step_or_die
ProbeRunner.run = lambda self: ProbeResult(recall=1.0, leak=0.0, drift=0.01)
sys.exit(main())
