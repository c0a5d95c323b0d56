"""Positions of points on a wing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from garage_tui.jobs.diffusion.butterfly.wings import PI, TABLE, Cells, Floats, Outline, Wing, directions, outline

_UNEVEN = 0.004
"""By how much what is painted on a wing is shifted here and there, in forewing lengths."""


def _look_up(table: Floats, x: Floats, y: Floats) -> tuple[Cells, Floats]:
    """Return the table index of each point's direction, and the table's value there."""
    entry = ((np.arctan2(y, x) + np.float32(PI)) * np.float32(TABLE / (2 * PI))).astype(np.int32)
    return entry, table.take(entry, mode="clip")


def inside(shape: Outline, x: Floats, y: Floats, nicks: tuple[tuple[float, float, float], ...] = ()) -> Floats:
    """Return how far inside the wing points of one shape lie, in forewing lengths; negative outside.

    Args:
        shape: of the wing.
        x, y: places in its frame.
        nicks: (radians from the centre, depth, radians of width) of what is torn from the edge.
    """
    dx, dy = x - np.float32(shape.centre[0]), y - np.float32(shape.centre[1])
    entry, edge = _look_up(shape.edge, dx, dy)
    if nicks:
        edge = shape.edge.copy()
        for angle, depth, width in nicks:
            off = (directions() - angle + PI) % (2 * PI) - PI
            edge -= (depth * np.clip(1 - np.abs(off) / width, 0, None)).astype(np.float32)
        edge = edge.take(entry, mode="clip")
    depth_: Floats = (edge - np.hypot(dx, dy)) * shape.lean.take(entry, mode="clip")
    for x0, y0, x1, y1, width, club in shape.tails:
        ax, ay = np.float32(x1 - x0), np.float32(y1 - y0)
        length = float(ax * ax + ay * ay)
        px, py = x - np.float32(x0), y - np.float32(y0)
        t = np.clip((px * ax + py * ay) / length, 0, 1)
        bend = np.float32(0.12) * t * (t - 1)
        px -= t * ax + bend * ay
        py -= t * ay - bend * ax
        tail = width * (1 + (club - 1) * t**4) - np.hypot(px, py)
        # A smooth union: the tail grows out of the wing with fillets.
        mix = np.clip(0.5 + (tail - depth_) / 0.08, 0, 1)
        depth_ = depth_ + mix * (tail - depth_) + np.float32(0.04) * mix * (1 - mix)
    return depth_


@dataclass
class Places:
    """The positions of points on one wing; each array is (points,)."""

    shape: Outline
    wing: Wing
    x: Floats
    y: Floats
    depth: Floats
    """Distance from the edge, whichever it is, in forewing lengths."""
    r: Floats
    """Distance from the base."""
    angle: Floats
    """From the base, in radians."""
    p: Floats
    """Way from base (0) to termen (1)."""
    v: Floats
    """Way across: 0 at the tornus, 1 at the apex."""
    out: Floats
    """Distance from the termen along the fan, in forewing lengths."""
    s: Floats
    """Number of the vein, with fractions."""
    cell: Cells
    """Index of the cell plus one, in a list with one more at either end."""
    f: Floats
    """Place in the cell: -0.5 at its hind vein, 0.5 at its front one."""
    side: Floats
    """Distance from the middle of the cell, in forewing lengths, to the head positive."""
    width: Floats
    """Width of the cell here, in forewing lengths."""
    from_fan: Floats
    """Distance from where the veins start."""
    size: float = 1.0
    """Factor of the size of this individual's spots and bands."""


def locate(wing: Wing, x: Floats, y: Floats, depth: Floats, phase: Floats) -> Places:
    """Return where points lie on a wing.

    Args:
        wing: the wing.
        x, y: (points,) places in its frame.
        depth: what `inside` says of them.
        phase: (points,) in radians, of an unevenness of all that is painted.
    """
    shape = outline(wing)
    wave = np.sin(np.float32(17) * x + np.float32(9) * y + phase)
    wave += np.sin(np.float32(23) * y - np.float32(11) * x + phase + phase)
    wave *= np.float32(_UNEVEN)
    x, y = x + wave, y - wave
    r = np.hypot(x, y)
    angle = np.arctan2(y, x)
    entry = ((angle + np.float32(PI)) * np.float32(TABLE / (2 * PI))).astype(np.int32)
    reach, v = shape.reach.take(entry, mode="clip"), shape.across.take(entry, mode="clip")
    fx, fy = x - np.float32(shape.fan[0]), y - np.float32(shape.fan[1])
    entry, s = _look_up(shape.vein, fx, fy)
    from_fan = np.hypot(fx, fy)
    floor = np.floor(s)
    f = s - floor - np.float32(0.5)
    width = shape.turn.take(entry, mode="clip") * from_fan
    return Places(
        shape=shape,
        wing=wing,
        x=x,
        y=y,
        depth=depth,
        r=r,
        angle=angle,
        p=r / reach,
        v=v,
        out=shape.termen.take(entry, mode="clip") - from_fan,
        s=s,
        cell=np.clip(floor + 1, 0, wing.cells + 1).astype(np.int32),
        f=f,
        side=f * width,
        width=width,
        from_fan=from_fan,
    )
