"""The patterns of wings: the elements of the nymphalid groundplan, painted one over the other.

The elements and where they stand (basal patch, bars of the discal cell, central symmetry system, border ocelli between
the veins, parafocal chevrons, marginal bands) follow H. F. Nijhout, *The Development and Evolution of Butterfly Wing
Patterns*, Smithsonian Institution Press 1991, and his "Elements of butterfly wing patterns", J. Exp. Zool. 291 (2001)
213–225, after the groundplans of Schwanwitsch (1924) and Süffert (1927). Each element can be shifted from one cell to
the next, as the real ones are (dislocation). Colours are sRGB from 0 to 1; lengths are forewing lengths unless said.
"""

from __future__ import annotations

from typing import Protocol

from garage_tui.jobs.diffusion.butterfly.positions import Places
from garage_tui.jobs.diffusion.butterfly.wings import Floats

Colour = tuple[float, float, float]
Rings = tuple[tuple[float, Colour], ...]
"""(radius as a part of the whole, colour), from the outermost."""


class Element(Protocol):
    """Something painted on a wing."""

    def paint(self, at: Places, rgb: Floats) -> None:
        """Paint over `rgb`, (3, points)."""


Pattern = tuple[Element, ...]
"""Elements in the order in which they are painted."""
