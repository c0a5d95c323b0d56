"""NVIDIA GPUs on the PCI bus in sysfs, which shows whether a GPU is suspended without waking it."""

from __future__ import annotations

import contextlib
from pathlib import Path

DEVICES = Path("/sys/bus/pci/devices")
_NVIDIA, _DISPLAY = "0x10de", "0x03"


def gpus(devices: Path | None = None) -> list[Path]:
    """Return the folders of NVIDIA's display controllers in sysfs, by address; empty in a container or under WSL."""
    found = []
    with contextlib.suppress(OSError):
        for folder in sorted((devices or DEVICES).iterdir()):
            if _word(folder / "vendor") == _NVIDIA and _word(folder / "class").startswith(_DISPLAY):
                found.append(folder)
    return found


def asleep(folder: Path) -> bool:
    """True while the GPU is suspended (runtime power management, kernel docs: power/runtime_pm)."""
    return _word(folder / "power/runtime_status") == "suspended"


def may_sleep(folder: Path) -> bool:
    """True if the kernel may suspend the GPU while nobody uses it."""
    return _word(folder / "power/control") == "auto"


def _word(file: Path) -> str:
    try:
        return file.read_text().strip()
    except OSError:
        return ""
