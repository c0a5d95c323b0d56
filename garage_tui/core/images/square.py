"""A picture made square, in sRGB: the middle of it, or all of it between two bars of its own colours."""

from __future__ import annotations

from functools import lru_cache
from io import BytesIO
from typing import TYPE_CHECKING, Literal, get_args

from garage_tui.core.images.safe_image import RGB, PictureError, flat

if TYPE_CHECKING:
    import numpy as np
    from PIL.Image import Image
    from PIL.ImageCms import ImageCmsTransform

Fit = Literal["crop", "fit"]
FITS: tuple[Fit, ...] = get_args(Fit)

WHITE: RGB = (255, 255, 255)
"""What is transparent is laid on it: most pictures that have been cut out are of things on paper."""
ENLARGED = 2
"""A picture may be enlarged so many times; one that would need more is too small."""
THINNEST = 8
"""With `fit`, the longer side of a picture may be so many times the shorter one."""

LARGE = 8_000_000
"""Pixels of a picture that is a large one."""

_GAP = 3.0
"""Before Lanczos, whole pixels are averaged down to so many times the size: nobody sees it, and it is quicker."""
_PROFILE_BYTES = 4_000_000


def square(image: Image, size: int, fit: Fit, name: str) -> np.ndarray:
    """Return a picture as a square.

    Args:
        image: just opened, in any mode; `draft` is used on it.
        size: side of the square, in pixels.
        fit: `crop` takes the middle of the picture, as wide and high as its shorter side. `fit` takes all of it
            between two bars, each in the colour that it has along that edge (median of each channel): paper goes on
            as paper, and a wing that touches the edge does not tint it, as it would a mean.
        name: what the file is called in errors.

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
    if side * ENLARGED < size:
        least = f"its {'shorter' if fit == 'crop' else 'longer'} side has to be {-(-size // ENLARGED)} at least"
        raise PictureError(name, "too small", f"is too small: {width} × {height} pixels, and {least}")
    if fit == "fit" and long > THINNEST * short:
        thin = f"{width} × {height} pixels, more than {THINNEST} times as long as wide"
        raise PictureError(name, "too thin", f"is too thin to be fitted whole: {thin}")
    profile = image.info.get("icc_profile")
    image.draft("RGB", _at_least(width, height, 2 * size / side))
    upright = flat(_reduced(image, int(side / (_GAP * size))), WHITE)
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
    """Return a picture that is wider than high in the middle of a square."""
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
    if image.mode == "RGBA":  # what is transparent has a colour too, which must not show
        return image.convert("RGBa").reduce(factor).convert("RGBA")
    return image


def _at_least(width: int, height: int, scale: float) -> tuple[int, int]:
    """Return a size to draft a JPEG at: so much of its own, which is twice what is needed, or more."""
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
    """Return what turns colours of a profile into sRGB; None where nothing has to be, or can be, done."""
    from PIL import ImageCms

    try:
        source = ImageCms.ImageCmsProfile(BytesIO(profile))
        if source.profile.xcolor_space.strip() != "RGB" or "sRGB" in ImageCms.getProfileDescription(source):
            return None
        return ImageCms.buildTransform(source, ImageCms.createProfile("sRGB"), "RGB", "RGB")
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return None
