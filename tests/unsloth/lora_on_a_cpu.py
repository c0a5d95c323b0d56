"""The job of a LoRA run, as it is, after `on_a_cpu`."""

import sys

import on_a_cpu  # noqa: F401

from garage_tui.jobs.lora.train import main

sys.exit(main())
