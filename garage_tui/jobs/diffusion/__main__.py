"""`python -m garage_tui.jobs.diffusion` runs `train.py`."""

import sys

from garage_tui.jobs.diffusion.train import main

if __name__ == "__main__":
    sys.exit(main())
