"""The job of a LoRA run, as it is, on a make-believe card."""

import sys

import fake_gpu

fake_gpu.install()

from garage_tui.jobs.lora.train import main  # noqa: E402 (it shall find the card)

sys.exit(main())
