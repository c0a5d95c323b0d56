"""Ray Jobs: the REST API of a Ray cluster's dashboard. Ray itself is not needed on this box.

Ray's word about a job is weak: after its head was killed it says RUNNING for many minutes. The run folder is believed
first (`watch.py`). `POST …/stop` gives a job three seconds to save, unless the head was started with
`RAY_JOB_STOP_WAIT_TIME_S`.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from garage_tui.core.base.errors import GarageError
from garage_tui.core.base.home_path import expand_home
from garage_tui.core.base.sanitize import one_line
from garage_tui.core.chat.key_file import read_key
from garage_tui.core.places.batch_scheduler import JobStatus
from garage_tui.core.places.place import Place, PlaceUnreachableError
from garage_tui.core.runs.place_record import OUTPUT

if TYPE_CHECKING:
    import httpx

_SECONDS = 20.0
_OVER = ("STOPPED", "SUCCEEDED", "FAILED")


class RayScheduler:
    """The queue of Ray Jobs at a place."""

    def __init__(self, place: Place) -> None:
        self._place = place

    def submit(self, folder: str, name: str, command: Sequence[str], grace: float) -> str:
        # Ray starts it in a folder of its own, and keeps its output where only Ray finds it.
        line = f"cd {shlex.quote(folder)} && exec {shlex.join(command)} >> {OUTPUT} 2>&1"
        settings = self._place.settings
        body = {
            "entrypoint": f"exec sh -c {shlex.quote(line)}",
            "submission_id": name,
            "entrypoint_num_cpus": settings.cpus,
            "entrypoint_num_gpus": settings.gpus,
        }
        answer = self._request("POST", "/api/jobs/", json=body)
        if answer.status_code != 200:
            raise GarageError(f"Ray at {self._place.name} refuses the job: {_reason(answer)}")
        return name  # its id is the name that we chose, so no job is submitted twice

    def find(self, name: str) -> str:
        return name if self._request("GET", f"/api/jobs/{name}").status_code == 200 else ""

    def status(self, job: str) -> JobStatus:
        answer = self._request("GET", f"/api/jobs/{job}")
        if answer.status_code == 404:
            return JobStatus("over", "Ray knows no such job")
        found = _decoded(answer)
        state = str(found.get("status", ""))
        message = one_line(str(found.get("message") or ""), 120)
        if state == "PENDING":
            return JobStatus("waits", f"PENDING ({message})" if message else "PENDING")
        return JobStatus("over" if state in _OVER else "works", one_line(state, 40))

    def cancel(self, job: str) -> None:
        answer = self._request("POST", f"/api/jobs/{job}/stop")
        if answer.status_code not in (200, 404):
            raise GarageError(f"Ray at {self._place.name} does not end job {job}: {_reason(answer)}")

    def describe(self) -> str:
        found = _decoded(self._request("GET", "/api/version"))
        version = one_line(str(found.get("ray_version") or "of an unknown version"), 40)
        return f"Ray {version} answers; start its head with RAY_JOB_STOP_WAIT_TIME_S=90, or a stop may lose progress"

    def _request(self, method: str, path: str, json: Any = None) -> httpx.Response:
        """Send a request and return the answer.

        Raises:
            PlaceUnreachableError: Ray does not answer, or has an error of its own.
            GarageError: it refuses the token, or the token cannot be read.
        """
        import httpx  # 40 ms, and a supervisor of this box needs none of it

        settings = self._place.settings
        headers = {}
        if settings.key_file:
            advice = f"check `key_file` in [places.{self._place.name}]"
            headers["Authorization"] = f"Bearer {read_key(expand_home(settings.key_file), advice)}"
        url = settings.address.rstrip("/") + path
        try:
            answer = httpx.request(method, url, json=json, headers=headers, timeout=_SECONDS, trust_env=False)
        except httpx.HTTPError as error:
            raise PlaceUnreachableError(one_line(str(error), 200) or type(error).__name__) from error
        if answer.status_code in (401, 403):
            what = "refuses the token in `key_file`" if settings.key_file else "asks for a token: set `key_file`"
            raise GarageError(f"Ray at {self._place.name} {what} ([places.{self._place.name}])")
        if answer.status_code >= 500:  # a head that is just starting, or has lost its agents, answers so
            raise PlaceUnreachableError(_reason(answer))
        return answer


def _decoded(answer: httpx.Response) -> dict[str, Any]:
    """Return the JSON object of an answer.

    Raises:
        PlaceUnreachableError: it has none: something else than Ray answers there.
    """
    try:
        found = answer.json()
    except ValueError as error:
        raise PlaceUnreachableError(f"{answer.url} is not Ray's: {one_line(answer.text, 80)}") from error
    return found if isinstance(found, dict) else {}


def _reason(answer: httpx.Response) -> str:
    """Return Ray's message; of a traceback the last line."""
    lines = [one_line(line, 300) for line in answer.text.splitlines() if line.strip()]
    return lines[-1] if lines else f"HTTP {answer.status_code}"
