"""Whether the tests of the server run against the real vLLM (`make test-vllm`)."""

from __future__ import annotations

import os

VLLM = os.environ.get("GARAGE_VLLM", "")
"""Python of an environment with vLLM."""
