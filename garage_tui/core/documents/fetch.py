"""Fetches a web page that the owner names; bounded in bytes and time, and led nowhere into the owner's own network."""

from __future__ import annotations

import ipaddress
import socket
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote, urljoin, urlsplit

from garage_tui.core.base.errors import BadInputError
from garage_tui.core.base.format import human_bytes
from garage_tui.core.base.sanitize import one_line
from garage_tui.core.documents.fetch_limits import BodyDecoder, ConnectionDeadline, UndecodableBodyError

if TYPE_CHECKING:
    import httpx

MAX_BYTES = 50_000_000
MAX_SECONDS = 60.0
_STEP_SECONDS = 15.0
"""Longest wait for a connection, or for the next bytes."""
_MAX_REDIRECTS = 5
_TYPES = {
    "application/pdf": ".pdf", "text/html": ".html", "application/xhtml+xml": ".html", "text/markdown": ".md",
    "text/plain": ".txt", "application/epub+zip": ".epub",
}  # fmt: skip
"""What a server calls the formats, with the end of a file name that says the same."""


class FetchedPage(NamedTuple):
    """The bytes behind an address."""

    content: bytes
    file_name: str
    """Its end says the format, as far as address and server say it."""
    encoding: str
    """As the server names it, or an empty text."""


def fetch(url: str) -> FetchedPage:
    """Return what is behind an address. It blocks, for a minute at most.

    The owner may name any address, one of this machine too. A redirect may lead only to public ones: each is resolved
    and checked here, and the connection goes to the address that was checked. Proxies of the environment are not used.

    Raises:
        BadInputError: it cannot be had; the text says why in a sentence.
    """
    with ConnectionDeadline(MAX_SECONDS) as deadline:
        try:
            return _follow(url, deadline)
        except BadInputError:
            if not deadline.is_over:
                raise
            # A connection that the deadline ended fails in many ways: as an error of the network, or as a short page.
            reason = f"it takes longer than {MAX_SECONDS:.0f} s; save it with a browser and read the file"
            raise _failed(url, reason) from None


def _follow(url: str, deadline: ConnectionDeadline) -> FetchedPage:
    """Return what is behind an address, after its redirects."""
    import httpx

    now = url
    try:
        for hop in range(_MAX_REDIRECTS + 1):
            page = _fetch_one(url, now, deadline, is_redirect=hop > 0)
            if isinstance(page, FetchedPage):
                return page
            now = page
    except httpx.TimeoutException as error:
        raise _failed(url, "the server does not answer in time") from error
    except httpx.ConnectError as error:
        raise _failed(url, f"no connection can be made ({one_line(str(error)) or 'refused'})") from error
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, OSError) as error:
        raise _failed(url, f"it cannot be fetched ({one_line(str(error)) or type(error).__name__})") from error
    raise _failed(url, f"it redirects more than {_MAX_REDIRECTS} times")


def _failed(url: str, reason: str) -> BadInputError:
    return BadInputError(f"{one_line(url)}: {reason}")


def _fetch_one(url: str, now: str, deadline: ConnectionDeadline, is_redirect: bool) -> FetchedPage | str:
    """Return the page at an address, or the address to which it redirects.

    Args:
        url: what the owner typed.
        now: what is fetched: the same, or where it led.
        deadline: ends the connection when all must be done.
    """
    import httpx

    parts = urlsplit(now)
    if not parts.hostname:
        raise _failed(url, "it names no host")
    if parts.username or parts.password:
        raise _failed(url, "it holds a password, which would stay in the files; save the page and read the file")
    port = parts.port or (443 if parts.scheme == "https" else 80)
    address = _address(url, now, parts.hostname, port, is_redirect)
    literal = f"[{address}]" if ":" in address else address
    request_url = parts._replace(netloc=f"{literal}:{port}", fragment="").geturl()
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    headers = {
        "Host": host if parts.port is None else f"{host}:{port}",
        "User-Agent": "garage_tui",
        "Accept": "text/html,application/pdf,text/markdown,text/plain,application/epub+zip,*/*;q=0.5",
        "Accept-Encoding": ", ".join(BodyDecoder.ENCODINGS),
    }
    # Not a client of httpx, which would look at redirects, cookies and the environment by itself.
    extensions = {
        "sni_hostname": parts.hostname,
        "timeout": httpx.Timeout(min(_STEP_SECONDS, deadline.left)).as_dict(),
        "trace": deadline.watch,
    }
    request = httpx.Request("GET", request_url, headers=headers, extensions=extensions)
    with httpx.HTTPTransport(trust_env=False) as transport:
        answer = transport.handle_request(request)
        try:
            if answer.is_redirect:
                return _redirect(url, now, answer.headers.get("location", ""))
            if answer.status_code != 200:
                raise _failed(url, f"the server answers {answer.status_code} {one_line(answer.reason_phrase)}".rstrip())
            content = _content(url, answer, deadline)
            return FetchedPage(content, _file_name(parts.path, answer), answer.charset_encoding or "")
        finally:
            answer.close()


def _address(url: str, now: str, host: str, port: int, is_redirect: bool) -> str:
    """Return an address of a host; where a redirect leads there, only a public one."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise _failed(url, f"there is no host {one_line(host)}") from error
    addresses = [str(entry[4][0]).partition("%")[0] for entry in found]
    if is_redirect and not all(is_public(address) for address in addresses):
        raise _failed(
            url,
            f"it redirects to {one_line(now)}, an address of this machine or of its network, which garage reads only "
            "if you name it yourself",
        )
    return addresses[0]


def is_public(address: str) -> bool:
    """Return whether an IP address belongs to the public internet, and not to this machine or its network."""
    ip = ipaddress.ip_address(address)
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
        if inner is None and ip in ipaddress.ip_network("64:ff9b::/96"):  # an IPv4 address behind NAT64
            inner = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(str(inner))
        if ip.is_site_local:  # private networks from before fc00::/7, which Python counts as global
            return False
    return ip.is_global and not ip.is_multicast and not ip.is_reserved


def _redirect(url: str, now: str, location: str) -> str:
    target = urljoin(now, location)
    before, after = urlsplit(now).scheme, urlsplit(target).scheme
    if not location or after not in ("http", "https"):
        raise _failed(url, f"it redirects to {one_line(location) or 'nowhere'}, which is no web page")
    if (before, after) == ("https", "http"):
        raise _failed(url, f"it redirects from https to http ({one_line(target)}), where anybody could change the text")
    return target


def _content(url: str, answer: httpx.Response, deadline: ConnectionDeadline) -> bytes:
    """Return the body of an answer.

    It is decompressed here, piece by piece: httpx would unpack 800 bytes that were compressed twice to gigabytes in one
    step, before anybody could count them.
    """
    length = answer.headers.get("content-length", "")
    content = bytearray()
    try:
        decoder = BodyDecoder(answer.headers.get_list("content-encoding", split_commas=True))
        if not length.isdecimal() or int(length) <= MAX_BYTES:
            for part in answer.iter_raw():  # each as it arrives
                content += decoder.decode(part, MAX_BYTES + 1 - len(content))
                if len(content) > MAX_BYTES or deadline.is_over:
                    break
            else:
                decoder.finish()
                if not deadline.is_over:
                    return bytes(content)
    except UndecodableBodyError as error:
        raise _failed(url, str(error)) from error
    raise _failed(url, f"it has more than {human_bytes(MAX_BYTES)}; save it and read the file")


def _file_name(path: str, answer: httpx.Response) -> str:
    name = one_line(unquote(path).rstrip("/").rpartition("/")[2]) or "page"
    kind = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    end = _TYPES.get(kind, "")
    if not end or name.lower().endswith((end, ".gz", ".md")):
        return name
    return name + end
