"""Slurm: jobs through `sbatch`, `squeue` and `scancel`, on this box or behind ssh."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from datetime import datetime

from garage_tui.core.base.errors import GarageError
from garage_tui.core.base.format import plural
from garage_tui.core.base.sanitize import one_line
from garage_tui.core.places.batch_scheduler import GOES_ON, JobStatus
from garage_tui.core.places.place import Place, PlaceUnreachableError
from garage_tui.core.places.shell import CommandResult, PlaceShell
from garage_tui.core.runs.place_record import OUTPUT

_WAITS = {"PENDING", "REQUEUED", "REQUEUE_HOLD", "REQUEUE_FED", "SPECIAL_EXIT", "RESV_DEL_HOLD"}
_WORKS = {"CONFIGURING", "RUNNING", "COMPLETING", "SUSPENDED", "STOPPED", "SIGNALING", "STAGE_OUT", "RESIZING"}
_UNKNOWN_JOB = "Invalid job id"
_UNREACHABLE = ("Unable to contact slurm controller", "Connection refused", "Socket timed out", "Connection timed out",
                "Unable to establish controller machine", "Zero Bytes were transmitted", "Slurm temporarily unable",
                "Slurm backup controller in standby")  # fmt: skip
"""What Slurm's commands print when its controller does not answer: the same may work later."""

_SCRIPT = """#!/bin/sh
# Written by garage_tui. Slurm sends TERM before the time limit: the run saves, and goes on in this same job later.
trap 'kill -TERM "$job" 2>/dev/null' TERM
{command} &
job=$!
while :; do
  wait "$job"; code=$?
  kill -0 "$job" 2>/dev/null || break
done
if [ "$code" = {goes_on} ] && [ "$(squeue -h -j "$SLURM_JOB_ID" -o %T)" = RUNNING ]; then
  scontrol requeue "$SLURM_JOB_ID" && exit 0
fi
exit "$code"
"""
"""A job that is being cancelled is not RUNNING: it is not put back into the queue."""


class SlurmScheduler:
    """The queue of Slurm at a place."""

    def __init__(self, place: Place, shell: PlaceShell) -> None:
        self._place, self._shell = place, shell

    def submit(self, folder: str, name: str, command: Sequence[str], grace: float) -> str:
        arguments = [
            f"--job-name={name}",
            f"--output={_escaped(folder)}/{OUTPUT}",
            "--open-mode=append",
            f"--chdir={folder}",
            "--requeue",
            f"--signal=B:TERM@{max(1, round(grace))}",
            *self._place.settings.args,
        ]
        script = _SCRIPT.format(command=shlex.join(command), goes_on=GOES_ON)
        result = self._run("sbatch", "--parsable", *arguments, script=script)
        job = result.out.strip().partition(";")[0]
        if result.code or not job.isdecimal():
            raise GarageError(f"Slurm at {self._place.name} refuses the job: {_cleaned(result)}")
        return job

    def find(self, name: str) -> str:
        result = self._run("squeue", "--noheader", "--me", "--states=all", f"--name={name}", "--format=%i")
        if result.code:  # it says nothing about the job
            raise PlaceUnreachableError(_cleaned(result))
        return (result.out.split() or [""])[-1]

    def status(self, job: str) -> JobStatus:
        result = self._run("squeue", "--noheader", "--states=all", f"--jobs={job}", "--format=%T|%r|%S")
        line = result.out.strip().splitlines()[-1:] or [""]
        state, _, rest = line[0].partition("|")
        if not state:
            if result.code and _UNKNOWN_JOB not in result.err:
                raise PlaceUnreachableError(_cleaned(result))
            return JobStatus("over", "no longer in the queue")
        reason, _, starts = rest.partition("|")
        if state in _WAITS:
            return JobStatus("waits", f"{state} ({one_line(reason, 60)}){_start_text(starts)}")
        return JobStatus("works" if state in _WORKS else "over", one_line(state, 60))

    def cancel(self, job: str) -> None:
        result = self._run("scancel", job)
        if result.code and _UNKNOWN_JOB not in result.err:
            raise GarageError(f"Slurm at {self._place.name} does not end job {job}: {_cleaned(result)}")

    def describe(self) -> str:
        result = self._run("sinfo", "--noheader", "--format=%P %D %G")
        if result.code:
            raise GarageError(_cleaned(result))
        rows = [
            line.split() for line in result.out.splitlines() if len(line.split()) == 3 and line.split()[1].isdecimal()
        ]
        if not rows:
            raise GarageError("Slurm has no partition that you can use")
        parts = [f"{one_line(name, 40)} ({plural(int(nodes), 'node')}{_gpu_text(gres)})" for name, nodes, gres in rows]
        return f"Slurm answers: {', '.join(parts)}"

    def _run(self, *command: str, script: str | None = None) -> CommandResult:
        """Run one of Slurm's commands.

        Raises:
            PlaceUnreachableError: the place or Slurm's controller does not answer.
            GarageError: Slurm's commands are missing there.
        """
        result = self._shell.run(command, text=script)
        if result.code == 127:
            raise GarageError(f"{command[0]} is not installed at {self._place.name}: is this the host with Slurm?")
        if result.code and any(text in result.err for text in _UNREACHABLE):
            raise PlaceUnreachableError(_cleaned(result))
        return result


def _cleaned(result: CommandResult) -> str:
    """Return Slurm's message without the name of its command; the first line has the reason, the last often repeats."""
    lines = [one_line(line, 300) for line in result.err.splitlines() if line.strip()]
    first = lines[0] if lines else f"exit code {result.code}"
    return first.partition("error: ")[2] or first


def _escaped(folder: str) -> str:
    """Return a path for `--output`, where Slurm replaces `%j` and the like."""
    return folder.replace("%", "%%")


def _start_text(starts: str) -> str:
    """Return when Slurm expects a job to start, as text; empty where it does not say."""
    try:
        moment = datetime.fromisoformat(starts.strip())
    except ValueError:
        return ""
    shown = f"{moment:%H:%M}" if moment.date() == datetime.now().date() else f"{moment:%d %b %H:%M}"
    return f", expected to start at {shown}"


def _gpu_text(gres: str) -> str:
    return "" if gres == "(null)" else f", {one_line(gres, 60)}"
