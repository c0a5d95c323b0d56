"""`python -m garage_tui.jobs.lora` runs `train.py`."""

import sys

from garage_tui.jobs.lora.train import main

if __name__ == "__main__":
    sys.exit(main())
