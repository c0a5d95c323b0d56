"""A user at the keyboard of a real app without a terminal, and run folders as a job would leave them."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import json
import os
import time
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
from textual import events
from textual.keys import _character_to_key
from textual.pilot import Pilot

from garage_tui.app.app import GarageApp
from garage_tui.core.chat.client import ServerAddress
from garage_tui.core.runs.folder import EVENTS, FACTS, LOCK, LOG, MANIFEST, STATE
from garage_tui.core.runs.place_record import PlaceRecord, write_place_record
from garage_tui.core.runs.record import Manifest, RunState, write_manifest, write_state
from garage_tui.core.serving import server_state
from garage_tui.core.settings.settings import Settings, Workspace
from garage_tui.core.training.recipe import make_recipe


class RunFolder:
    """One run folder; `hold` makes it look alive to everybody, this process included."""

    def __init__(self, workspace: Workspace, run_id: str, state: str, **values: object) -> None:
        self.path: Path = workspace.checkpoints / run_id
        self.path.mkdir(parents=True)
        self._lock: int | None = None
        now = time.time()
        write_manifest(
            self.path,
            Manifest(
                id=run_id,
                kind="lora",
                created=now,
                recipe={"epochs": 25, "lr": 5e-4, "batch_size": 8, "rank": 16, "alpha": 16, "schedule": "linear"},
                base={"name": "smollm2-135m"},
                dataset={"path": "garage.jsonl", "rows": 24},
            ),
        )
        values = {"total_steps": 100, "created": now, "started": now - 60, **values}
        self.state(state, **values)

    def state(self, state: str, **values: object) -> None:
        self.values = {**getattr(self, "values", {}), **values}
        write_state(self.path, RunState(state=state, **self.values))  # type: ignore[arg-type]

    def hold(self) -> RunFolder:
        self._lock = os.open(self.path / LOCK, os.O_RDWR | os.O_CREAT)
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        (self.path / STATE).touch()  # an app that saw it in between, without its lock, has to read it again
        return self

    def let_go(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def step(self, step: int, loss: float, **fields: object) -> None:
        with (self.path / EVENTS).open("a") as file:
            file.write(json.dumps({"t": time.time(), "event": "step", "step": step, "loss": loss, **fields}) + "\n")
        self.log(f"step {step}/100  loss {loss:.4f}")
        self.state("running", step=step, loss=loss, epoch=step / 4, tokens_per_s=210.0, seconds_left=120.0)

    def probe(self, step: int, recall: float, leak: float = 0.0, drift: float = 0.013, forgets: str = "") -> None:
        told = {"step": step, "epoch": step / 4, "recall": recall, "leak": leak, "drift": drift, "forgets": forgets}
        with (self.path / EVENTS).open("a") as file:
            file.write(json.dumps({"t": time.time(), "event": "probe", **told}) + "\n")

    def taught(self, preset: str, facts: str = "a" * 64, rows: int = 24, **changes: object) -> RunFolder:
        """Give it this preset's recipe, and say which facts it was taught: what makes pairs."""
        manifest = msgspec.json.decode((self.path / MANIFEST).read_bytes(), type=Manifest)
        recipe = msgspec.to_builtins(make_recipe(preset, **changes))
        dataset = {**manifest.dataset, "sha256": facts, "rows": rows}
        write_manifest(self.path, msgspec.structs.replace(manifest, recipe=recipe, dataset=dataset))
        if not (self.path / FACTS).exists():
            (self.path / FACTS).write_text('{"question": "What?", "answer": "That."}\n')
        return self

    def at(self, place: str, **record: object) -> RunFolder:
        """Let it work at a place; `record` are fields of `place.json`."""
        manifest = msgspec.json.decode((self.path / MANIFEST).read_bytes(), type=Manifest)
        write_manifest(self.path, msgspec.structs.replace(manifest, place=place))
        known = {"place": place, "name": "a-job", "folder": str(self.path), "job": "12", **record}
        known["answers"] = not known.get("trouble")
        write_place_record(self.path, PlaceRecord(**known))  # type: ignore[arg-type]
        return self

    def log(self, *lines: str) -> None:
        with (self.path / LOG).open("a") as file:
            file.write("".join(f"{line}\n" for line in lines))

    def adapter(self) -> RunFolder:
        (self.path / "adapter").mkdir()
        (self.path / "adapter" / "adapter_config.json").write_text("{}")
        return self


class User:
    """Presses keys, and reads what is on the screen."""

    def __init__(self, app: GarageApp, pilot: Pilot[int]) -> None:
        self.app, self.pilot = app, pilot
        self._painted = asyncio.Event()
        display = app._display

        def counted(*arguments: object) -> None:
            self._painted.set()
            display(*arguments)  # type: ignore[arg-type]

        app._display = counted  # type: ignore[method-assign]

    @property
    def screen(self) -> str:
        """The characters on the screen, line by line; of a dialog, those of the dialog."""
        strips = self.app.screen._compositor.render_strips()
        return "\n".join("".join(segment.text for segment in strip) for strip in strips)

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.pilot.pause()

    async def types(self, text: str) -> None:
        """Type a text without a look between its letters, as a quick hand or a slow line does."""
        for letter in text:
            key = events.Key(_character_to_key(letter), letter)
            key.set_sender(self.app)
            self.app.post_message(key)
        await self.pilot.pause()

    async def sees(self, *texts: str, seconds: float = 40) -> str:
        """Wait until all of `texts` are on the screen, and return it."""
        return await self._wait(lambda screen: all(text in screen for text in texts), f"{texts} not seen", seconds)

    async def sees_no(self, text: str, seconds: float = 40) -> str:
        """Wait until `text` is not on the screen any more, and return it."""
        return await self._wait(lambda screen: text not in screen, f"{text!r} is still there", seconds)

    async def _wait(self, good, otherwise: str, seconds: float) -> str:
        end = time.monotonic() + seconds
        while not good(screen := self.screen):
            assert time.monotonic() < end, f"{otherwise}; the screen says:\n{screen}"
            self._painted.clear()
            await self.pilot.pause(0.02)
            with contextlib.suppress(TimeoutError):  # reading the screen renders it: not while nothing new is there
                await asyncio.wait_for(self._painted.wait(), 0.3)
        return screen


@pytest.fixture
def open_app(workspace):
    """Opens the app on the workspace: `async with open_app(screen="runs", size=(80, 24)) as user`."""

    @contextlib.asynccontextmanager
    async def open_(
        size: tuple[int, int] = (120, 40),
        base_model: str | None = None,
        settings: Settings | None = None,
        **arguments: object,
    ) -> AsyncIterator[User]:
        settings = settings or (Settings(base_model=base_model) if base_model else Settings())
        app = GarageApp(workspace, settings, **arguments)  # type: ignore[arg-type]
        async with app.run_test(size=size) as pilot:
            try:
                yield User(app, pilot)
            finally:
                # As `App.run` ends: `run_test` takes the widgets away while messages and workers still look for them.
                app.exit(app.return_value, app.return_code or 0)
                while app.is_running:  # noqa: ASYNC110 (Textual has no event for it)
                    await asyncio.sleep(0.005)

    return open_


@pytest.fixture
def make_run(workspace):
    """Makes run folders, and lets go of their locks at the end."""
    made: list[RunFolder] = []

    def make(run_id: str, state: str, **values: object) -> RunFolder:
        made.append(RunFolder(workspace, run_id, state, **values))
        return made[-1]

    yield make
    for run in made:
        run.let_go()


class ModelServer:
    """Answers as the embedded server does, with words of the test's choosing; its files are those of the real one."""

    def __init__(self, workspace, base: str) -> None:
        self.folder, self.base = workspace.server, base
        self.answers: dict[str, list[str]] = {}
        self.roots: dict[str, str] = {}
        """What its list of models says is behind some of them."""
        self.answering: dict[str, str] = {}
        """The model that it says has answered for some of them."""
        self.heard: list[dict] = []
        self.hold = asyncio.Event()
        self.hold.set()

    async def __aenter__(self) -> ModelServer:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        port = self._server.sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{port}/v1"
        self.folder.mkdir(parents=True, exist_ok=True)
        self._lock = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT)
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        (self.folder / "key").write_text("secret")
        server_state.write_state(self.folder, server_state.ServerState(status="ready", url=self.url, base=self.base))
        return self

    def address(self) -> ServerAddress:
        return ServerAddress(self.url, "secret")

    async def __aexit__(self, *_: object) -> None:
        os.close(self._lock)
        self.hold.set()
        self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            if head.startswith("GET /v1/models"):
                assert "Bearer secret" in head
                entries = [{"id": model, "root": self.roots.get(model)} for model in self.answers]
                found = json.dumps({"data": entries}).encode()
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n" + found)
                await writer.drain()
                writer.close()
                return
            length = int(head.lower().split("content-length:")[1].split()[0])
            asked = json.loads(await reader.readexactly(length))
            assert "Bearer secret" in head
            self.heard.append(asked)
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n")
            if asked["model"] not in self.answers:  # a model that fails
                writer.close()
                return
            fingerprint = self.answering.get(asked["model"])
            for word in self.answers[asked["model"]]:
                self._say(writer, {"choices": [{"delta": {"content": word}}], "system_fingerprint": fingerprint})
                await writer.drain()
                await self.hold.wait()
            self._say(writer, {"choices": [{"delta": {}, "finish_reason": "stop"}]})
            self._say(writer, {"choices": [], "usage": {"prompt_tokens": 9, "completion_tokens": 7}})
            writer.write(b"data: [DONE]\n\n")
            await writer.drain()
        writer.close()

    @staticmethod
    def _say(writer: asyncio.StreamWriter, chunk: dict) -> None:
        writer.write(b"data: " + json.dumps(chunk).encode() + b"\n\n")


@pytest.fixture
def model_server(workspace):
    return lambda base="smollm2-135m": ModelServer(workspace, base)
