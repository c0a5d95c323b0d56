"""The old name of `core/hardware/power_cap.py`, kept for one release: supervisors of the version before import it."""

from garage_tui.core.hardware.power_cap import lowered, put_back

__all__ = ["lowered", "put_back"]
