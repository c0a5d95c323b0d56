"""A Hub of one data set on 127.0.0.1: what `datasets` asks for, answered from a folder."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

REVISION = "a" * 40


@contextmanager
def hub(folder: Path, name: str) -> Iterator[str]:
    """Serve the data set in `folder` under its name on the Hub; yields the address for `HF_ENDPOINT`."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            address = urlsplit(self.path)
            files = {str(file.relative_to(folder)): file for file in folder.rglob("*") if file.is_file()}
            api, _, rest = address.path.partition(f"/datasets/{name}")
            if api not in ("", "/api") or not _:
                return self.answer(404, headers={"X-Error-Code": "RepoNotFound"})
            if api == "":  # /datasets/NAME/resolve/REVISION/FILE
                file = files.get(rest.split("/", 3)[-1])
                if file is None:
                    return self.answer(404, headers={"X-Error-Code": "EntryNotFound", "X-Repo-Commit": REVISION})
                data = file.read_bytes()
                tag = f'"{hashlib.sha256(data).hexdigest()}"'
                return self.answer(200, data, {"ETag": tag, "X-Repo-Commit": REVISION})
            if rest.startswith("/tree/"):
                return self.tree(rest.split("/", 3)[3:], "recursive=true" in address.query, files)
            siblings = [{"rfilename": name, "size": file.stat().st_size} for name, file in files.items()]
            self.json({"id": name, "sha": REVISION, "siblings": siblings})

        do_HEAD = do_GET

        def tree(self, under: list[str], recursive: bool, files: dict[str, Path]) -> None:
            top = f"{under[0]}/" if under else ""
            found = {}
            for path, file in files.items():
                if not path.startswith(top):
                    continue
                first, deeper, _ = path.removeprefix(top).partition("/")
                if recursive or not deeper:
                    found[path] = {"type": "file", "path": path, "size": file.stat().st_size, "oid": "b" * 40}
                else:
                    found[top + first] = {"type": "directory", "path": top + first, "size": 0, "oid": "c" * 40}
            self.json(list(found.values()), 200 if found else 404)

        def json(self, answer: object, code: int = 200) -> None:
            self.answer(code, json.dumps(answer).encode(), {"Content-Type": "application/json"})

        def answer(self, code: int, data: bytes = b"", headers: dict[str, str] | None = None) -> None:
            self.send_response(code)
            for key, value in {"Content-Length": str(len(data)), **(headers or {})}.items():
                self.send_header(key, value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(data)

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
