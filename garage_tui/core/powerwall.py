"""The old name of `core/limits/powerwall.py`, kept for one release: it stands in users' `garage.toml`."""

import sys

from garage_tui.core.limits.powerwall import main

if __name__ == "__main__":
    sys.exit(main())
