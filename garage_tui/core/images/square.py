"""Makes pictures square, in sRGB: the middle of a picture, or all of it between two bars of its own colours."""

from __future__ import annotations

from functools import lru_cache
from io import BytesIO
from typing import TYPE_CHECKING, Literal, get_args

from garage_tui.core.images.safe_image import RGB, PictureError, to_rgb

if TYPE_CHECKING:
    import numpy as np
    from PIL.Image import Image
    from PIL.ImageCms import ImageCmsTransform

Fit = Literal["crop", "fit"]
FITS: tuple[Fit, ...] = get_args(Fit)

WHITE: RGB = (255, 255, 255)
"""The colour behind transparent pixels: most cut-out pictures show things on paper."""
MAX_ENLARGEMENT = 2
"""A picture that would have to be enlarged more than this is too small."""
MAX_ASPECT_RATIO = 8
"""With `fit`, a picture whose longer side is more than so many times the shorter one is too thin."""

LARGE = 8_000_000
"""Pixels from which a picture is large: it is reduced before it is copied, and decoded alone."""

_GAP = 3.0
"""Before Lanczos, whole pixels are averaged down to so many times the size: quicker, and no visible loss."""
_PROFILE_BYTES = 4_000_000


def make_square(image: Image, size: int, fit: Fit, name: str) -> np.ndarray:
    """Return a picture as a square.

    Args:
        image: just opened, in any mode; `draft` is used on it.
        size: side of the square, in pixels.
        fit: `crop` takes the middle of the picture, as wide and high as its shorter side. `fit` takes all of it
            between two bars, each in the median colour of that edge: paper continues as paper, and unlike with a mean,
            a wing that touches the edge does not tint the bar.
        name: name of the file in errors.

    Returns:
        (size, size, 3) uint8, sRGB.

    Raises:
        PictureError: it is too small or too thin.
    """
    import numpy as np
    from PIL.Image import Resampling

    width, height = image.size
    short, long = min(width, height), max(width, height)
    side = short if fit == "crop" else long
    if side * MAX_ENLARGEMENT < size:
        least = f"its {'shorter' if fit == 'crop' else 'longer'} side has to be {-(-size // MAX_ENLARGEMENT)} at least"
        raise PictureError(name, "too small", f"is too small: {width} × {height} pixels, and {least}")
    if fit == "fit" and long > MAX_ASPECT_RATIO * short:
        thin = f"{width} × {height} pixels, more than {MAX_ASPECT_RATIO} times as long as wide"
        raise PictureError(name, "too thin", f"is too thin to be fitted as a whole: {thin}")
    profile = image.info.get("icc_profile")
    image.draft("RGB", _at_least(width, height, 2 * size / side))
    upright = to_rgb(_reduced(image, int(side / (_GAP * size))), WHITE)
    width, height = upright.size
    if fit == "crop":
        short = min(width, height)
        left, top = (width - short) / 2, (height - short) / 2
        box = (left, top, left + short, top + short)
        small = upright.resize((size, size), Resampling.LANCZOS, box=box, reducing_gap=_GAP)
        return np.asarray(_in_srgb(small, profile))
    scale = size / max(width, height)
    small = upright.resize(
        (max(1, round(width * scale)), max(1, round(height * scale))), Resampling.LANCZOS, reducing_gap=_GAP
    )
    whole = np.asarray(_in_srgb(small, profile))
    if width < height:
        return _between_bars(whole.swapaxes(0, 1)).swapaxes(0, 1)
    return _between_bars(whole)


def _between_bars(whole: np.ndarray) -> np.ndarray:
    """Return a square with a picture that is wider than high in its middle."""
    import numpy as np

    high, size, _ = whole.shape
    above = (size - high) // 2
    out = np.empty((size, size, 3), np.uint8)
    out[:above] = np.median(whole[0], axis=0).round()
    out[above : above + high] = whole
    out[above + high :] = np.median(whole[-1], axis=0).round()
    return out


def _reduced(image: Image, factor: int) -> Image:
    """Return a large picture at a fraction of its size, whole pixels averaged, before copies are made of it."""
    if factor < 2 or image.width * image.height < LARGE or "transparency" in image.info:
        return image
    if image.mode in ("RGB", "L"):
        return image.reduce(factor)
    if image.mode == "RGBA":  # transparent pixels have a colour too, which must not show
        return image.convert("RGBa").reduce(factor).convert("RGBA")
    return image


def _at_least(width: int, height: int, scale: float) -> tuple[int, int]:
    """Return the size to draft a JPEG at: `scale` of its own, at most all of it."""
    scale = min(1.0, scale)
    return max(1, int(width * scale)), max(1, int(height * scale))


def _in_srgb(image: Image, profile: bytes | None) -> Image:
    """Return an RGB image in sRGB; one whose profile is unusable, or not of RGB, as it is."""
    if not profile or len(profile) > _PROFILE_BYTES:
        return image
    transform = _transform(profile)
    if transform is not None:
        transform.apply_in_place(image)
    return image


@lru_cache(maxsize=32)
def _transform(profile: bytes) -> ImageCmsTransform | None:
    """Return the transform from a colour profile to sRGB; None where none is needed, or possible."""
    from PIL import ImageCms

    try:
        source = ImageCms.ImageCmsProfile(BytesIO(profile))
        if source.profile.xcolor_space.strip() != "RGB" or "sRGB" in ImageCms.getProfileDescription(source):
            return None
        return ImageCms.buildTransform(source, ImageCms.createProfile("sRGB"), "RGB", "RGB")
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return None
