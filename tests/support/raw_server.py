"""A server on a free port that sends whatever bytes a test says, and closes the connection after them."""

from __future__ import annotations

import contextlib
import json
import socketserver
import threading
from collections.abc import Callable, Iterator

Reply = Callable[[str, dict[str, object]], bytes]
"""From the path and the JSON of a request to a whole response, or a part of one."""


def response(status: str, body: object = b"", *headers: str, kind: str = "application/json") -> bytes:
    """Return a response; a body that is no bytes is sent as JSON."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    head = [f"HTTP/1.1 {status}", f"Content-Type: {kind}", f"Content-Length: {len(data)}", *headers]
    return "\r\n".join([*head, "Connection: close", "", ""]).encode() + data


def answer(text: str) -> bytes:
    """Return a whole answer of the assistant."""
    message = {"role": "assistant", "content": text}
    return response("200 OK", {"choices": [{"index": 0, "message": message, "finish_reason": "stop"}]})


MODELS = response("200 OK", {"object": "list", "data": [{"id": "garage"}]})


@contextlib.contextmanager
def raw_server(reply: Reply) -> Iterator[str]:
    """Yield the address of a server."""

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            path, length = self.rfile.readline().decode().split()[1], 0
            while line := self.rfile.readline().strip().lower():
                if line.startswith(b"content-length:"):
                    length = int(line.partition(b":")[2])
            body = json.loads(self.rfile.read(length) or b"{}")
            with contextlib.suppress(OSError):
                self.wfile.write(reply(path, body))

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        allow_reuse_address = True

    with Server(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/v1"
        finally:
            server.shutdown()
