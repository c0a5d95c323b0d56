"""`python -m garage_tui.jobs.export` runs `export.py`."""

import sys

from garage_tui.jobs.export.export import main

if __name__ == "__main__":
    sys.exit(main())
