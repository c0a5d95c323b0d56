"""An OpenAI-compatible server on a free port that answers as a test says."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Reply = Callable[[list[dict[str, str]]], "str | tuple[int, str] | bytes | None"]
"""From the messages of a request to its answer; or status and message of an error; or other bytes; None: no answer."""


@contextlib.contextmanager
def chat_server(reply: Reply, models: tuple[str, ...] = ("garage",), key: str = "") -> Iterator[str]:
    """Yield the address of a server."""

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *args: object) -> None:
            pass

        def refused(self) -> bool:
            if key and self.headers.get("Authorization") != f"Bearer {key}":
                self.error(401, "Incorrect API key provided.")
                return True
            return False

        def do_GET(self) -> None:
            if not self.refused():
                self.send(200, {"object": "list", "data": [{"id": name} for name in models]})

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if self.refused():
                return
            found = reply(body["messages"])
            if found is None:
                time.sleep(3)
                self.close_connection = True
            elif isinstance(found, tuple):
                self.error(*found)
            elif isinstance(found, bytes):
                self.raw(200, found, "text/html")
            else:
                choice = {"index": 0, "message": {"role": "assistant", "content": found}, "finish_reason": "stop"}
                self.send(200, {"object": "chat.completion", "choices": [choice]})

        def error(self, status: int, message: str) -> None:
            self.send(status, {"error": {"message": message}})

        def send(self, status: int, body: object) -> None:
            self.raw(status, json.dumps(body).encode(), "application/json")

        def raw(self, status: int, body: bytes, kind: str) -> None:
            with contextlib.suppress(OSError):
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1"
    finally:
        server.shutdown()
        server.server_close()
