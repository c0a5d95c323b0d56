"""The picture of one butterfly: pose, light, wear, body, paper and shadow.

Lengths are forewing lengths, x to the right, y to the head, the origin between the wing bases. It is drawn three times
as large as asked for and averaged, wing over wing from the hind ones up, the body last.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from garage_tui.jobs.diffusion.butterfly.individuals import Appearance, Body, Individual
from garage_tui.jobs.diffusion.butterfly.patterns import Colour, Pattern
from garage_tui.jobs.diffusion.butterfly.positions import Places, inside, locate
from garage_tui.jobs.diffusion.butterfly.wings import Floats, Wing, outline

Image = npt.NDArray[np.uint8]

_FINE = 3
"""Samples of a pixel in each direction."""
_FILLS = 0.87
"""Part of the picture that a butterfly of the usual size spans."""
_FADED: Colour = (0.86, 0.82, 0.74)
"""The colour to which pigments fade."""


@lru_cache(maxsize=1024)
def _frame(appearance: Appearance) -> tuple[float, float]:
    """Return how many forewing lengths half the picture spans, and the height of the butterfly's middle."""
    wings = ((appearance.fore, appearance.fore_base), (appearance.hind, appearance.hind_base))
    points = np.concatenate([outline(wing).extent + np.array(base, np.float32) for wing, base in wings])
    top, bottom = max(float(points[:, 1].max()), 0.5), float(points[:, 1].min())
    return max(float(points[:, 0].max()), (top - bottom) / 2) / _FILLS, (top + bottom) / 2


class _Canvas:
    """Samples of a picture, and where they lie on the butterfly."""

    def __init__(self, size: int, half: float, middle: float, who: Individual) -> None:
        self.n = n = size * _FINE
        self.half, self.middle, self.who = half, middle, who
        self.pixel = 2 * half / n
        self.rgb, self.cover = np.zeros((3, n, n), np.float32), np.zeros((n, n), np.float32)
        line = ((np.arange(n, dtype=np.float32) + np.float32(0.5)) * np.float32(2 / n) - 1) * np.float32(half)
        self._cos, self._sin = float(np.cos(np.radians(who.turn))), float(np.sin(np.radians(who.turn)))
        across, up = line - np.float32(who.shift[0]), -line - np.float32(who.shift[1])
        cos, sin = np.float32(self._cos), np.float32(self._sin)
        self._x, self._y = (cos * across, sin * up), (-sin * across, cos * up + np.float32(middle))

    def box(self, x: Floats, y: Floats, room: float) -> tuple[slice, slice]:
        """Return rows and columns that hold points of the butterfly, and `room` around them."""
        y = y - self.middle
        px = self._cos * x - self._sin * y + self.who.shift[0]
        py = self._sin * x + self._cos * y + self.who.shift[1]
        sides = (px.min() - room, px.max() + room, -py.max() - room, -py.min() + room)
        left, right, top, bottom = (min(max(round((float(at) + self.half) / self.pixel), 0), self.n) for at in sides)
        return slice(top, bottom), slice(left, right)

    def places(self, box: tuple[slice, slice]) -> tuple[Floats, Floats]:
        """Return x and y of the samples in a box, each (rows, columns)."""
        rows, columns = box
        return (
            self._x[0][None, columns] + self._x[1][rows, None],
            self._y[0][None, columns] + self._y[1][rows, None],
        )


def picture(appearance: Appearance, phase: float, who: Individual, size: int) -> Image:
    """Return (size, size, 3) of one individual; `phase` is that of its species' unevenness, in radians."""
    half, middle = _frame(appearance)
    canvas = _Canvas(size, half / who.size, middle, who)
    grain = np.random.default_rng(who.grain).standard_normal((64, 64), dtype=np.float32)
    _wings(canvas, appearance.hind, appearance.hind_base, appearance.hind_pattern, phase, grain, 0)
    _wings(canvas, appearance.fore, appearance.fore_base, appearance.fore_pattern, phase + 2, grain, 1)
    _body(canvas, appearance.body, grain)
    _antennae(canvas, appearance.body)
    return _on_paper(canvas, size)


def _wings(
    canvas: _Canvas,
    wing: Wing,
    base: tuple[float, float],
    pattern: Pattern,
    phase: float,
    grain: Floats,
    fore: int,
) -> None:
    """Draw a pair of wings."""
    who, shape, pixel = canvas.who, outline(wing), canvas.pixel
    boxes, shades, found, parts = [], [], [], []
    for mirror, side in zip((1.0, -1.0), who.sides, strict=True):
        lift = np.radians(side.fore if fore else side.hind)
        cos, sin = np.float32(np.cos(lift)), np.float32(np.sin(lift))
        ex, ey = shape.extent.T
        box = canvas.box(mirror * ((cos * ex - sin * ey) * side.open + base[0]), sin * ex + cos * ey + base[1], 0.04)
        x, y = canvas.places(box)
        x *= np.float32(mirror / side.open)
        x -= np.float32(base[0] / side.open)
        y -= np.float32(base[1])
        x, y = cos * x + sin * y, cos * y - sin * x
        depth = inside(shape, x, y, side.nicks[fore])
        boxes.append(box)
        shades.append(depth)
        found.append(np.flatnonzero(depth > -0.5 * pixel))
        parts.append([flat.ravel()[found[-1]] for flat in (x, y, depth)])
    x, y, depth = (np.concatenate(both) for both in zip(*parts, strict=True))
    uneven = [np.full(len(inner), phase + shift, np.float32) for inner, shift in zip(found, who.uneven, strict=True)]
    at = locate(wing, x, y, depth, np.concatenate(uneven))
    at.size = who.spots[fore]
    rgb = np.empty((3, len(x)), np.float32)
    for element in pattern:
        element.paint(at, rgb)
    _light(at, rgb, who, grain, len(found[0]))
    alpha = np.clip(depth * np.float32(1 / pixel) + np.float32(0.5), 0, 1)
    start = 0
    for box, depth, inner in zip(boxes, shades, found, strict=True):
        stop = start + len(inner)
        # A soft shadow on what lies beneath, then the wing itself.
        under = np.clip(depth * np.float32(1 / 0.04) + 1, 0, 1)
        under *= under
        under *= np.float32(-0.45)
        under += 1
        here = alpha[start:stop]
        for channel, colour in zip(canvas.rgb, rgb[:, start:stop], strict=True):
            view = channel[box]
            flat = (view * under).ravel()
            flat[inner] += here * (colour - flat[inner])
            view[...] = flat.reshape(view.shape)
        flat = canvas.cover[box].ravel()
        flat[inner] = np.maximum(flat[inner], here)
        canvas.cover[box] = flat.reshape(depth.shape)
        start = stop


def _light(at: Places, rgb: Floats, who: Individual, grain: Floats, right: int) -> None:
    """Fade the pigment, and shade it: scales in rows, furrows between veins, hair at the base, a thin edge."""
    shade = grain[(at.angle * np.float32(60)).astype(np.int32) & 63, (at.x * np.float32(90)).astype(np.int32) & 63]
    shade *= np.float32(0.02)
    shade += np.float32(0.95)
    shade[:right] += np.float32(0.03)
    shade += np.clip(at.p - np.float32(0.3), 0, 0.5) * (np.float32(0.025) - np.float32(0.22) * at.f * at.f)
    shade -= np.float32(0.24) * np.clip(1 - at.r * np.float32(4), 0, 1)
    shade -= np.float32(0.18) * np.clip(1 - at.depth * np.float32(60), 0, 1)
    keep = np.float32(1 - who.fade)
    for channel, tint, faded in zip(rgb, who.tint, _FADED, strict=True):
        channel *= keep * np.float32(tint)
        channel += np.float32(who.fade * tint * faded)
        channel *= shade


def _body(canvas: _Canvas, body: Body, grain: Floats) -> None:
    end = -body.length
    heights = (end, end + 0.03, end + 0.12, 0.45 * end, -0.10, -0.065, 0.0, 0.05, 0.09, 0.115, 0.135, 0.16, 0.178)
    widths = (0.0, 0.45, 0.75, 1.0, 0.88, 0.72, 1.4, 1.42, 1.05, 0.62, 0.82, 0.82, 0.0)
    room = 2.6 * body.width
    box = canvas.box(np.array([-room, room], np.float32), np.array([end, 0.18], np.float32), 0.0)
    x, y = canvas.places(box)
    half = np.interp(y, heights, widths).astype(np.float32) * np.float32(body.width)
    x -= np.float32(canvas.who.abdomen) * np.sqrt(np.clip(np.float32(-0.08) - y, 0, 1)) ** 3
    depth = half - np.abs(x)
    there = (half > 0).astype(np.float32)
    alpha = np.clip(depth * np.float32(1 / canvas.pixel) + np.float32(0.5), 0, 1) * there
    shadow = 1 - np.float32(0.4) * np.clip(depth * np.float32(20) + 1, 0, 1) * there
    turn = np.clip(x / np.maximum(half, np.float32(1e-3)), -1, 1)
    lit = np.float32(0.6) + np.float32(0.6) * np.sqrt(1 - turn * turn) - np.float32(0.22) * turn
    belly = y < np.float32(-0.075)
    hair = grain[(y * np.float32(70)).astype(np.int32) & 63, (x * np.float32(250)).astype(np.int32) & 63]
    lit *= 1 + np.float32(0.08) * hair * ~belly
    rings = (np.float32(0.5) + np.float32(0.5) * np.cos((y - np.float32(end)) * np.float32(2 * np.pi / 0.052))) ** 3
    rings *= np.float32(body.ringed) * belly
    for channel, thorax, abdomen, ring in zip(canvas.rgb, body.thorax, body.abdomen, body.rings, strict=True):
        colour = np.where(belly, np.float32(abdomen), np.float32(thorax))
        colour += rings * np.float32(ring - abdomen)
        view = channel[box]
        view *= shadow
        view += alpha * (colour * lit - view)
    np.maximum(canvas.cover[box], alpha, out=canvas.cover[box])


def _antennae(canvas: _Canvas, body: Body) -> None:
    """Draw two curves from the head, clubbed at the end."""
    foot = np.float32(0.165)
    for mirror, more in zip((1, -1), canvas.who.antennae, strict=True):
        spread = float(np.tan(np.radians(body.spread + more)))
        tip = mirror * spread * body.antenna
        box = canvas.box(np.array([0, tip], np.float32), np.array([foot, foot + body.antenna], np.float32), 0.03)
        x, y = canvas.places(box)
        t = (y - foot) * np.float32(1 / body.antenna)
        curve = np.float32(mirror * 0.012) + np.float32(tip) * t * (np.float32(0.75) + np.float32(0.25) * t)
        gap = np.abs(x - curve) * np.float32(1 / np.hypot(1, spread))
        club = np.sqrt(np.clip(1 - np.abs(t - np.float32(0.92)) * np.float32(12.5), 0, 1))
        alpha = (np.float32(0.0065) + np.float32(body.club) * club - gap) * np.float32(1 / canvas.pixel)
        alpha = np.clip(alpha + np.float32(0.5), 0, 1) * ((t > 0) & (t < 1))
        for channel, value in zip(canvas.rgb, body.head, strict=True):
            channel[box] += alpha * (np.float32(value) - channel[box])
        np.maximum(canvas.cover[box], alpha, out=canvas.cover[box])


def _blurred(image: Floats, width: float, down: float, right: float) -> Floats:
    """Return a square image after a Gaussian, shifted; lengths are parts of its side, and around it is nothing."""
    size = len(image)
    for shift in (down, right):
        room = int(np.ceil((2.5 * width + shift) * size))
        taps = np.exp(-0.5 * ((np.arange(-room, room + 1) - shift * size) / (width * size)) ** 2)
        wide = np.zeros((size + 2 * room, size), np.float32)
        wide[room : room + size] = image
        image = np.zeros_like(image)
        for tap, weight in enumerate((taps / taps.sum()).astype(np.float32)):
            start = 2 * room - tap
            image += weight * wide[start : start + size]
        image = np.ascontiguousarray(image.T)
    return image


def _averaged(fine: Floats) -> Floats:
    """Return the means of blocks of samples along the last two axes."""
    rows = fine[..., 0::_FINE, :] + fine[..., 1::_FINE, :]
    rows += fine[..., 2::_FINE, :]
    found = rows[..., 0::_FINE] + rows[..., 1::_FINE]
    found += rows[..., 2::_FINE]
    found *= np.float32(1 / _FINE**2)
    return found


def _on_paper(canvas: _Canvas, size: int) -> Image:
    who, cover, rgb = canvas.who, _averaged(canvas.cover), _averaged(canvas.rgb)
    line = np.linspace(-1, 1, size, dtype=np.float32)
    across, down = line[None, :], line[:, None]
    tone = np.float32(who.glow[0]) * across + np.float32(who.glow[1]) * down
    tone = tone + np.float32(who.glow[2]) * (np.float32(0.4) - np.float32(0.5) * (across**2 + down**2))
    shadow = np.float32(0.30) * _blurred(cover, 0.02, 0.016, 0.022)
    shadow += np.float32(0.12) * _blurred(cover, 0.06, 0.02, 0.03)
    rest = (1 - cover) * (1 - shadow)
    for channel, paper in zip(rgb, who.paper, strict=True):
        channel += rest * (tone + np.float32(paper))
    np.clip(rgb, 0, 1, out=rgb)
    return (rgb * np.float32(255) + np.float32(0.5)).astype(np.uint8).transpose(1, 2, 0).copy()
