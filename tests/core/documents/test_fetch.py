"""Fetching: only what the owner names, bounded, and led nowhere into the owner's own network."""

from __future__ import annotations

import gzip
import threading
import tracemalloc
import zlib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from garage_tui.core.base.errors import BadInputError
from garage_tui.core.documents import fetch as fetching
from garage_tui.core.documents.fetch import fetch, is_public


class _Pages(BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.paths.append(self.path)
        if self.path.startswith("/to?"):
            self.send_response(302)
            self.send_header("Location", self.path[4:])
            self.end_headers()
        elif self.path == "/endless":
            self.send_response(200)
            self.end_headers()
            try:
                while True:
                    self.wfile.write(b"x" * 65536)
            except OSError:
                pass
        elif self.path == "/missing":
            self.send_error(404)
        elif self.path == "/slow-body":
            self.send_response(200)
            self.end_headers()
            self._dribble(b"x" * 100)
        elif self.path == "/slow-headers":
            self.wfile.write(b"HTTP/1.0 200 OK\r\n")
            self._dribble(b"X-Slow: yes\r\n" * 8 + b"Content-Type: text/plain\r\n\r\nlate")
        elif self.path in self.server.bodies:
            encoding, body = self.server.bodies[self.path]
            self.send_response(200)
            self.send_header("Content-Type", "text/plain")
            self.send_header("Content-Encoding", encoding)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
        else:
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=iso-8859-1")
            self.end_headers()
            self.wfile.write("<html><body><p>Grøt for the pump.</p></body></html>".encode("latin-1"))

    def _dribble(self, data):
        """Send one byte after the other, each soon enough for every limit that counts from the byte before."""
        try:
            for at in range(len(data)):
                self.wfile.write(data[at : at + 1])
                self.server.dribbled += 1
                if self.server.closing.wait(0.05):
                    return
        except OSError:
            pass

    def log_message(self, *arguments):
        pass


@pytest.fixture
def server():
    """A real web server on this machine."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Pages)
    server.paths, server.bodies, server.dribbled, server.closing = [], {}, 0, threading.Event()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.closing.set()
    server.shutdown()
    server.server_close()


@pytest.fixture
def address(server):
    return f"http://127.0.0.1:{server.server_port}"


def test_the_owner_may_name_a_page_of_this_machine(address, read_safely):
    document = read_safely(f"{address}/wiki")
    assert (document.text, document.name, document.format) == ("Grøt for the pump.", f"{address}/wiki", "HTML")


@pytest.mark.parametrize(
    "target", ["/other", "http://localhost:{port}/other", "http://[::1]:{port}/other", "http://0.0.0.0:{port}/"]
)
def test_a_redirect_to_this_machine_is_not_followed(address, server, target):
    with pytest.raises(BadInputError, match="an address of this machine or of its network"):
        fetch(f"{address}/to?{target.format(port=server.server_port)}")
    assert len(server.paths) == 1


@pytest.mark.parametrize("target", ["file:///etc/passwd", "ftp://example.org/a", "gopher://x", "javascript:alert(1)"])
def test_a_redirect_to_another_scheme_is_not_followed(address, target):
    with pytest.raises(BadInputError, match="which is no web page"):
        fetch(f"{address}/to?{target}")


def test_a_page_without_end_is_cut_off(address, monkeypatch):
    monkeypatch.setattr(fetching, "MAX_BYTES", 1_000_000)
    with pytest.raises(BadInputError, match="it has more than 1 MB; save it and read the file"):
        fetch(f"{address}/endless")


def test_a_page_that_is_slow_is_given_up(address, monkeypatch):
    monkeypatch.setattr(fetching, "MAX_SECONDS", 0.2)
    monkeypatch.setattr(fetching, "MAX_BYTES", 10**12)
    with pytest.raises(BadInputError, match="it takes longer than 0 s"):
        fetch(f"{address}/endless")


@pytest.mark.parametrize("path", ["/slow-body", "/slow-headers"])
def test_a_server_that_sends_one_byte_after_the_other_is_given_up_at_the_deadline(address, server, monkeypatch, path):
    monkeypatch.setattr(fetching, "MAX_SECONDS", 0.4)
    with pytest.raises(BadInputError, match="it takes longer than 0 s; save it with a browser"):
        fetch(f"{address}{path}")
    assert 0 < server.dribbled < 100, "the connection ended before the server had sent all"


def test_a_page_that_is_compressed_twice_is_refused_before_it_is_unpacked(address, server):
    server.bodies["/twice"] = ("gzip, gzip", gzip.compress(gzip.compress(bytes(60_000_000))))
    tracemalloc.start()
    with pytest.raises(BadInputError, match=r"the server compresses it 2 times \(gzip, gzip\)"):
        fetch(f"{address}/twice")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 20_000_000


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
def test_a_compressed_page_is_not_unpacked_beyond_the_limit(address, server, monkeypatch, encoding):
    monkeypatch.setattr(fetching, "MAX_BYTES", 1_000_000)
    server.bodies["/bomb"] = (encoding, (gzip if encoding == "gzip" else zlib).compress(bytes(60_000_000)))
    tracemalloc.start()
    with pytest.raises(BadInputError, match="it has more than 1 MB"):
        fetch(f"{address}/bomb")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 20_000_000


_RAW = zlib.compressobj(wbits=-zlib.MAX_WBITS)
ZIPPED = gzip.compress(b"Porridge.", mtime=0)
"""Without the time, which would give the tests other names in each worker of a run."""


@pytest.mark.parametrize(
    ("encoding", "body"),
    [("gzip", ZIPPED), ("x-gzip", ZIPPED), ("identity", b"Porridge."),
     ("deflate", zlib.compress(b"Porridge.")), ("deflate", _RAW.compress(b"Porridge.") + _RAW.flush()),
     ("Identity, GZIP", ZIPPED), ("gzip", b"")],
)  # fmt: skip
def test_a_page_that_is_compressed_once_is_unpacked(address, server, encoding, body):
    server.bodies["/page"] = (encoding, body)
    assert fetch(f"{address}/page").content == (b"Porridge." if body else b"")


@pytest.mark.parametrize(
    ("encoding", "body", "reason"),
    [("br", b"x", "the server compresses it with br, and garage unpacks gzip and deflate"),
     ("zstd", b"x", "the server compresses it with zstd"), ("gzip", b"no gzip", "it cannot be unpacked as gzip"),
     ("deflate", b"\xff\xff", "it cannot be unpacked as deflate"),
     ("gzip", gzip.compress(b"Porridge." * 99, mtime=0)[:20], "it breaks off in the middle")],
)  # fmt: skip
def test_a_page_that_cannot_be_unpacked_is_refused_in_a_sentence(address, server, encoding, body, reason):
    server.bodies["/page"] = (encoding, body)
    with pytest.raises(BadInputError, match=reason):
        fetch(f"{address}/page")


@pytest.mark.parametrize(
    ("path", "reason"),
    [("{address}/missing", "the server answers 404"), ("http://127.0.0.1:1/", "no connection can be made"),
     ("http://no-such-host.invalid/", "there is no host no-such-host.invalid"), ("http:///a", "it names no host"),
     ("http://me:pass@127.0.0.1/", "it holds a password"), ("http://127.0.0.1:99999/", "it cannot be fetched")],
)  # fmt: skip
def test_each_failure_is_a_sentence(address, path, reason):
    with pytest.raises(BadInputError, match=reason):
        fetch(path.format(address=address))


def test_other_schemes_are_no_documents(read_safely):
    with pytest.raises(BadInputError, match="no file://"):
        read_safely("file:///etc/passwd")


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.1.2.3", "192.168.1.5", "172.16.0.1", "169.254.169.254", "0.0.0.0", "100.64.0.1", "::1", "fe80::1",
     "fd00::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "2002:7f00:1::", "64:ff9b::7f00:1", "224.0.0.1",
     "ff02::1", "fec0::1", "feff::1", "255.255.255.255"],
)  # fmt: skip
def test_addresses_of_this_machine_and_its_network_are_not_public(address):
    assert not is_public(address)


@pytest.mark.parametrize("address", ["1.1.1.1", "2606:4700:4700::1111", "93.184.216.34"])
def test_addresses_of_the_internet_are_public(address):
    assert is_public(address)
