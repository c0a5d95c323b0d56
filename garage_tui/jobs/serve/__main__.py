"""`python -m garage_tui.jobs.serve` runs `server.py`."""

import sys

from garage_tui.jobs.serve.server import main

if __name__ == "__main__":
    sys.exit(main())
