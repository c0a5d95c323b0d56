"""Separate processes, the only code that imports torch. Each talks to the world through files alone."""

import logging

# diffusers and peft import it, and on some processors it warns of a kernel for 4 bits that nothing here uses.
logging.getLogger("bitsandbytes").setLevel(logging.ERROR)
