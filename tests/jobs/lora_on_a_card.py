"""The job of a LoRA run, as it is, on a make-believe card."""

import sys

import make_believe_card

make_believe_card.install()

from garage_tui.jobs.lora.train import main  # noqa: E402 (it shall find the card)

sys.exit(main())
