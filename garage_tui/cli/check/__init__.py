"""Commands that check: this machine, and the places where runs can work besides it."""
