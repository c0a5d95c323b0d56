"""A writer of facts whose replies come out of a folder: a model that cannot be reached from this box writes them there.

    python benchmarks/relayed_writer.py FOLDER [--port N]

It speaks OpenAI's API, as far as `garage read --propose` needs it. A request whose reply `FOLDER/ID.reply` is there
gets that reply; of every other it keeps the messages as `FOLDER/ID.request` and says that the passage has no fact. So
the first run of `document_proposals.py --writer model` collects the requests, any model answers them, each on its own
and with nothing but its request, and the second run measures the replies. ID is a hash of the messages.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

MODEL = "relayed"
NO_FACTS = '{"facts": []}'


class RelayedWriter(BaseHTTPRequestHandler):
    """The handler of one request; `folder` is where requests and replies are kept."""

    folder: Path
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._send(json.dumps({"object": "list", "data": [{"id": MODEL, "object": "model"}]}), "application/json")

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        messages = json.dumps(request["messages"], ensure_ascii=False, indent=1)
        name = hashlib.sha256(messages.encode()).hexdigest()[:12]
        reply = self.folder / f"{name}.reply"
        if reply.exists():
            text = reply.read_text()
        else:
            (self.folder / f"{name}.request").write_text(messages)
            text = NO_FACTS
        delta: dict[str, Any] = {"index": 0, "delta": {"role": "assistant", "content": text}, "finish_reason": None}
        end: dict[str, Any] = {"index": 0, "delta": {}, "finish_reason": "stop"}
        chunks = [
            json.dumps({"object": "chat.completion.chunk", "model": MODEL, "choices": [one]}) for one in (delta, end)
        ]
        self._send("".join(f"data: {chunk}\n\n" for chunk in [*chunks, "[DONE]"]), "text/event-stream")

    def log_message(self, *_: object) -> None:
        """Say nothing: thousands of requests would."""

    def _send(self, text: str, kind: str) -> None:
        body = text.encode()
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--port", type=int, default=8399)
    args = parser.parse_args()
    args.folder.mkdir(parents=True, exist_ok=True)
    RelayedWriter.folder = args.folder
    with ThreadingHTTPServer(("127.0.0.1", args.port), RelayedWriter) as server:
        print(f"writer_url: http://127.0.0.1:{server.server_port}/v1, model {MODEL}", flush=True)
        server.serve_forever()
    return 0


if __name__ == "__main__":
    sys.exit(main())
