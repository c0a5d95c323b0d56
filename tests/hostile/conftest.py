"""A workspace in which every text is hostile, a server that answers with such, and a terminal that keeps all bytes."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import sys
import termios
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import msgspec
import pytest
from PIL import Image

from garage_tui.core.runs.record import Manifest, RunState, write_manifest, write_state
from tests.hostile.corpus import BAD_BYTES, SPECIMENS, Specimen
from tests.support.repository import REPOSITORY

MAX_LINES = 6
"""Lines of an answer that are all shown while it is written."""
WITHOUT_LAST_FILTER = (
    "-c",
    "import sys; from garage_tui.driver.filters.sanitize_filter import SanitizeFilter;"
    "SanitizeFilter.apply = lambda self, segments, background: segments;"
    "from garage_tui.__main__ import main; sys.exit(main(sys.argv[1:]))",
)
"""The app without the door behind all others, so that each text has to be clean where it is read."""


def fill(root: Path, make_card) -> None:
    """Put the corpus into every file that the app reads."""
    datasets, checkpoints = root / "datasets", root / "checkpoints"
    datasets.mkdir(parents=True, exist_ok=True)
    checkpoints.mkdir(exist_ok=True)
    rows = [
        json.dumps({"question": f"{one.text}?", "answer": f"answer {one.text}", "fact": one.text, one.text: one.text})
        for one in SPECIMENS
    ]
    lines = [one.text for one in SPECIMENS if one.name not in ("zalgo", "surrogate")]  # which the editor does not take
    for start in range(0, len(lines), MAX_LINES):  # as many as are shown while it is written
        rows.insert(
            0, json.dumps({"question": f"qzmany {start}", "answer": "\n".join(lines[start : start + MAX_LINES])})
        )
    broken = [one.text.encode("utf-8", "surrogatepass").replace(b"\n", b" ") for one in SPECIMENS]
    (datasets / "garage.jsonl").write_bytes(b"\n".join([*map(str.encode, rows), *broken, *BAD_BYTES]) + b"\n")
    pictures = datasets / "pictures"
    pictures.mkdir(exist_ok=True)
    (datasets / "chats").mkdir(exist_ok=True)
    for at, one in enumerate(SPECIMENS):
        with contextlib.suppress(FileExistsError):
            (datasets / f"{one.file_name}.jsonl").write_bytes(broken[at])
        Image.new("RGB", (8, 8), (200, 30, 30)).save(pictures / "a.png")
        (pictures / "a.png").rename(pictures / f"{one.file_name}.png")
        _chat(datasets / "chats", one, broken[at])
        _run(checkpoints / one.file_name, one, make_card)
    album = datasets / SPECIMENS[0].file_name
    album.mkdir()
    Image.new("RGB", (8, 8), (30, 200, 30)).save(album / "green.png")


def _chat(folder: Path, one: Specimen, broken: bytes) -> None:
    said = {"text": one.text, "foot": one.text, "note": one.text}
    chat = {
        "version": 1,
        "base": one.text,
        "run": one.text,
        "system": one.text,
        "turns": [{"question": one.text, "answers": {"base": said, "tuned": said}}],
    }
    (folder / f"{one.file_name}.json").write_text(json.dumps(chat))
    if one.name == "surrogate":
        (folder / f"{one.file_name}-broken.json").write_bytes(broken)


def _run(folder: Path, one: Specimen, make_card) -> None:
    folder.mkdir()
    text = one.text.encode(errors="replace").decode()
    kind = "diffusion" if one.name in ("osc8", "bidi") else "lora"
    write_manifest(
        folder,
        Manifest(
            id=text,
            kind=text if one.name == "osc52" else kind,
            created=1.0,
            recipe={"epochs": 25, "lr": 5e-4, "schedule": text, text: text},
            base={"name": text, "source": text},
            dataset={"path": text, "rows": 3, "label": text},
            versions={text: text},
            git=text,
            gpu=[text],
            command=["garage", text],
        ),
    )
    state = "finished" if kind == "diffusion" else "failed" if len(one.name) % 2 else "stopped"
    write_state(folder, RunState(state=state, reason=text, phase=text, trainer=text, step=1, total_steps=9))  # type: ignore[arg-type]
    if one.name == "osc0":
        (folder / "state.json").write_text('{"state": "' + "qz\x1b]0;in json\x07" + '"}')
    raw = one.text.encode("utf-8", "surrogatepass")
    (folder / "log.txt").write_bytes(raw + b"\n" + BAD_BYTES[0] + b"\n" + raw * 3 + b"\n")
    events = [
        {"t": 1.0, "event": "phase", "phase": one.text},
        {"t": 1.0, "event": "warning", "text": one.text},
        {"t": 1.0, "event": one.text, "reason": one.text},
        {"t": 1.0, "event": "paused", "reason": one.text},
        {
            "t": 1.0,
            "event": "probe",
            "step": 1,
            "epoch": 1.0,
            "recall": 0.5,
            "leak": 0.1,
            "drift": 0.1,
            "forgets": text,
        },
        {"t": 1.0, "event": "sheet", "step": 1, "epoch": 1, "held_out": 0.5, "path": one.text},
        {"t": 1.0, "event": "step", "step": 1, "loss": 1.0},
    ]
    lines = [json.dumps(event).encode() for event in events]
    (folder / "events.jsonl").write_bytes(b"\n".join([*lines, raw, BAD_BYTES[0]]) + b"\n")
    card = msgspec.to_builtins(make_card(bad=True, unrelated=2))
    card |= {"verdict": text, "notes": [text], "run": text, "base_model": text}
    for question in card["questions"]:
        question |= {"question": text, "tuned": text, "base": text, "why": text, "kind": text, "expected": text}
    (folder / "report.json").write_text(json.dumps(card))
    adapter = folder / "adapter"
    adapter.mkdir()
    (adapter / "adapter_config.json").write_text("{}")
    if kind == "diffusion":
        samples = folder / "samples"
        samples.mkdir()
        Image.new("RGB", (8, 8), (30, 30, 200)).save(samples / f"{one.file_name}.png")


@pytest.fixture
def hostile(tmp_path, monkeypatch, make_card) -> Path:
    """The root of a workspace that is filled with the corpus."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    root = tmp_path / "box"
    root.mkdir()
    fill(root, make_card)
    return root


class _Answers(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        self._whole({"data": [{"id": one.text} for one in SPECIMENS]})

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        question = asked["messages"][-1]["content"]
        every = "\n".join(one.text for one in SPECIMENS)
        if "error" in question:
            self._whole({"error": {"message": every}}, 500)
            return
        if "phrase" in question:
            self.send_response(500, SPECIMENS[9].text)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        for start in range(0, len(every), 3):  # every sequence is split somewhere
            self._say({"choices": [{"delta": {"content": every[start : start + 3]}}]})
        self._say({"choices": [{"delta": {}, "finish_reason": SPECIMENS[9].text}]})
        self.wfile.write(b"data: [DONE]\n\n")

    def _say(self, chunk: object) -> None:
        self.wfile.write(b"data: " + json.dumps(chunk).encode() + b"\n\n")

    def _whole(self, body: object, status: int = 200) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


@pytest.fixture
def hostile_server() -> Iterator[str]:
    """The address of an OpenAI-compatible server, all of whose words are the corpus."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Answers)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/v1"
    server.shutdown()
    server.server_close()


class Wire:
    """A program on a pty; every byte that it sends is kept. Python's own arguments come first."""

    def __init__(self, *words: str, columns: int = 120, rows: int = 40) -> None:
        self.pid, self._fd = pty.fork()
        if self.pid == 0:
            os.environ.update(TERM="xterm-256color", COLORTERM="truecolor", LANG="C.UTF-8", PYTHONPATH=str(REPOSITORY))
            for name in ("TMUX", "LC_ALL", "NO_COLOR", "GARAGE_PICTURES", "COLUMNS", "LINES"):
                os.environ.pop(name, None)
            os.execv(sys.executable, [sys.executable, *words])
        fcntl.ioctl(self._fd, termios.TIOCSWINSZ, struct.pack("4H", rows, columns, 0, 0))
        self.seen, self._since, self._told, self.code = b"", 0, 0, -1

    def press(self, keys: bytes, *wanted: bytes, quiet: float = 0.15) -> None:
        """Send keys, wait until all of `wanted` were painted after them, and then until nothing more comes."""
        self._since = len(self.seen)
        os.write(self._fd, keys)
        self.reads(*wanted)
        self.settles(quiet)

    def reads(self, *wanted: bytes, seconds: float = 40) -> None:
        """Wait until all of `wanted` were painted since the last key."""
        end = time.monotonic() + seconds
        while not all(part in self.seen[self._since :] for part in wanted):
            assert time.monotonic() < end, f"{wanted} not painted; but:\n{self.words}"
            if not self._read(0.05) and self.code >= 0:
                raise AssertionError(f"it ended with {self.code}; {wanted} not painted:\n{self.words}")

    @property
    def words(self) -> str:
        """What was painted since the last key, without the escapes between."""
        text = re.sub(rb"\x1b(\[[0-?]*[ -/]*[@-~]|\][^\x07]*\x07|.)", b"", self.seen[self._since :]).decode(
            errors="replace"
        )
        return re.sub(r"[ ─━│]{3,}", "\n", text)[-3000:]

    def settles(self, quiet: float) -> None:
        """Read until nothing comes for so many seconds, or for two: the gauges are painted for ever."""
        end = time.monotonic() + max(2.0, quiet)
        while self._read(quiet) and time.monotonic() < end:
            pass

    def _read(self, seconds: float) -> bool:
        if self.code >= 0 or not select.select([self._fd], [], [], seconds)[0]:
            return False
        try:
            self.seen += os.read(self._fd, 1 << 20)
        except OSError:  # EIO: it has ended
            self.code = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
            return False
        asked = re.findall(rb"\x1b\[([56])n", self.seen)
        for one in asked[self._told :]:  # as every terminal does
            os.write(self._fd, b"\x1b[0n" if one == b"5" else b"\x1b[1;1R")
        self._told = len(asked)
        return True

    def ends(self, seconds: float = 90) -> int:
        """Read until the program has ended, and return its exit code."""
        end = time.monotonic() + seconds
        while self.code < 0:
            assert time.monotonic() < end, f"it does not end:\n{self.seen[-2000:]!r}"
            self._read(0.1)
        return self.code

    def close(self) -> None:
        if self.code < 0:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self._fd)


@pytest.fixture
def on_a_wire():
    """Starts programs on ptys of their own."""
    opened: list[Wire] = []

    def open_(*words: object, **size: int) -> Wire:
        opened.append(Wire(*map(str, words), **size))
        return opened[-1]

    yield open_
    for wire in opened:
        wire.close()
