"""The job of a diffusion run, as it is, on a make-believe card."""

import sys

import fake_gpu

fake_gpu.install()

from garage_tui.jobs.diffusion.train import main  # noqa: E402 (it shall find the card)

if __name__ == "__main__":  # processes of the job import this file again
    sys.exit(main())
