"""The proxies that the environment names, which httpx obeys: their variables, for error messages."""

from __future__ import annotations

import os

_PROXIES = ("all_proxy", "http_proxy", "https_proxy")


def socks_variables() -> str:
    """Return the variables of the environment that name a SOCKS proxy; `a proxy` if there is none."""
    names = [name for name in os.environ if name.casefold() in _PROXIES and "socks" in os.environ[name].casefold()]
    return ", ".join(sorted(names)) or "a proxy"


def proxy_variables() -> str:
    """Return the variables of the environment that name a proxy, or what is reached without one."""
    return ", ".join(sorted(name for name in os.environ if name.casefold() in {*_PROXIES, "no_proxy"}))
