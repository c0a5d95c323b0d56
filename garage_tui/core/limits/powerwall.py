"""Solar surplus of a Tesla Powerwall: the watts that flow to the grid, from pypowerwall's proxy.

    python -P -m garage_tui.core.limits.powerwall [ADDRESS]        in [sun] of garage.toml, as the command

pypowerwall (MIT, github.com/jasonacox/pypowerwall) talks to the Powerwall itself; its proxy (port 8675) answers
`/aggregates` with Tesla's meters, in which `site.instant_power` is what the house takes from the grid in W.
"""

from __future__ import annotations

import json
import sys
import urllib.error
import urllib.request

ADDRESS = "http://127.0.0.1:8675"
_SECONDS = 10.0


def surplus(address: str) -> float:
    """Return the watts that flow to the grid; negative while the house draws power.

    Raises:
        OSError, ValueError, KeyError: there is no answer, or not one of pypowerwall.
    """
    with urllib.request.urlopen(f"{address.rstrip('/')}/aggregates", timeout=_SECONDS) as answer:
        meters = json.loads(answer.read(1_000_000))
    return -float(meters["site"]["instant_power"])


def main() -> int:
    address = sys.argv[1] if len(sys.argv) > 1 else ADDRESS
    try:
        sys.stdout.write(f"{surplus(address)}\n")
    except (OSError, ValueError, KeyError, TypeError) as error:
        reason = getattr(error, "reason", error)
        sys.stderr.write(f"no answer from pypowerwall's proxy at {address}: {reason}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
