"""Characters of a PDF page with their places, as pdfium reads them."""

from __future__ import annotations

import ctypes
import math
from typing import Any, NamedTuple

import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c

MAX_CHARACTERS = 200_000
"""Characters of a page; a page of a newspaper has 30,000."""
_MIN_SIZE = 1.5
"""Points below which a letter is not seen."""
_INVISIBLE = 3
_SCAN_SHARE = 0.5
"""Share of a page that a picture covers if the page is a scan: then its invisible text is what a scanner read."""
_DRAWN = 50
"""Lines and curves of a page without text from which they can be letters."""
_FIXED_PITCH, _FORCE_BOLD = 1, 1 << 18
_HYPHENS = (0x02, 0xFFFE)
"""What pdfium makes of a hyphen at the end of a line."""


class Character(NamedTuple):
    """One character, turned so that its line runs from left to right; y grows upwards. In points."""

    text: str
    left: float
    right: float
    baseline: float
    font: Font


class Font(NamedTuple):
    """What is the same for all characters that were painted together."""

    size: float
    """In points, on the page."""
    is_bold: bool
    is_monospaced: bool
    angle: int
    """In degrees: 0, 90, 180 or 270."""
    is_hidden: bool


_NO_FONT = Font(10.0, False, False, 0, False)


class PageText(NamedTuple):
    """The characters of a page in the order in which they were painted."""

    characters: list[Character]
    width: float
    height: float
    hidden: int
    """Characters that nobody can see on the page: invisible, tiny, or outside of it."""
    unreadable: int
    """Characters for which the font names no letter."""
    has_picture: bool
    has_drawing: bool
    """It has so many lines and curves that they can be letters."""
    is_cut: bool
    """It has more characters than are read."""


class _Fonts:
    """Fonts of one page, each asked for once."""

    def __init__(self, raw: Any, is_scan: bool) -> None:
        self._raw = raw
        self._is_scan = is_scan
        self._styles: dict[int, tuple[bool, bool]] = {}
        self._at = 0
        self._font = _NO_FONT
        self._matrix = pdfium_c.FS_MATRIX()
        self._matrix_pointer = ctypes.byref(self._matrix)

    def read(self, index: int, painted: Any) -> Font:
        """Return the font of a character.

        Args:
            painted: the object of the page that paints it.
        """
        at = ctypes.cast(painted, ctypes.c_void_p).value or 0
        if at != self._at:
            self._at = at
            self._font = self._read(index, painted)
        return self._font

    def _read(self, index: int, painted: Any) -> Font:
        pdfium_c.FPDFText_GetMatrix(self._raw, index, self._matrix_pointer)
        matrix = self._matrix
        size = pdfium_c.FPDFText_GetFontSize(self._raw, index) * math.hypot(matrix.c, matrix.d)
        angle = 90 * round(math.degrees(math.atan2(matrix.b, matrix.a)) / 90) % 360
        is_bold, is_monospaced = self._style(painted)
        hidden = size < _MIN_SIZE or (
            not self._is_scan and pdfium_c.FPDFTextObj_GetTextRenderMode(painted) == _INVISIBLE
        )
        return Font(size, is_bold, is_monospaced, angle, hidden)

    def _style(self, painted: Any) -> tuple[bool, bool]:
        """Return whether a font is bold, and whether it is monospaced."""
        font = pdfium_c.FPDFTextObj_GetFont(painted)
        key = ctypes.cast(font, ctypes.c_void_p).value or 0
        if key not in self._styles:
            buffer = ctypes.create_string_buffer(200)
            pdfium_c.FPDFFont_GetBaseFontName(font, buffer, len(buffer))
            name = buffer.value.decode("utf-8", errors="replace").lower()
            is_bold = any(part in name for part in ("bold", "black", "heavy", "cmbx", "sfbx", "demi", "cmssbx"))
            flags = pdfium_c.FPDFFont_GetFlags(font)
            names = ("mono", "courier", "cmtt", "sftt", "typewriter", "consol", "menlo", "code", "txtt")
            is_fixed = bool(flags & _FIXED_PITCH) or any(part in name for part in names)
            self._styles[key] = is_bold or bool(flags & _FORCE_BOLD), is_fixed
        return self._styles[key]


def read_page(page: pdfium.PdfPage) -> PageText:
    """Return the characters of a page."""
    left, bottom, right, top = page.get_bbox()
    text_page = page.get_textpage()
    raw = text_page.raw
    count = pdfium_c.FPDFText_CountChars(raw)
    has_picture, is_scan = _pictures(page, abs((right - left) * (top - bottom)))
    has_drawing = not count and sum(1 for _ in page.get_objects([pdfium_c.FPDF_PAGEOBJ_PATH], 3)) >= _DRAWN
    fonts = _Fonts(raw, is_scan)
    codes = _codes(raw, min(count, MAX_CHARACTERS))
    box = pdfium_c.FS_RECTF()
    box_pointer = ctypes.byref(box)
    x, y = ctypes.c_double(), ctypes.c_double()
    x_pointer, y_pointer = ctypes.byref(x), ctypes.byref(y)
    get_box, get_origin = pdfium_c.FPDFText_GetLooseCharBox, pdfium_c.FPDFText_GetCharOrigin
    get_painted = pdfium_c.FPDFText_GetTextObject
    characters: list[Character] = []
    hidden = unreadable = 0
    font = _NO_FONT
    end = level = math.inf
    starts_word = True
    for index, code in enumerate(codes):
        if code in (0x0D, 0x0A):
            starts_word = True
            continue
        get_box(raw, index, box_pointer)
        x0, x1, y0, y1 = box.left, box.right, box.bottom, box.top
        # Letters of one word have one font: it is read where a word begins, or a letter is not beside the last.
        get_origin(raw, index, x_pointer, y_pointer)
        if starts_word or code == 0x20 or not -1 < x0 - end < 1 or y.value != level:
            painted = get_painted(raw, index)
            if not painted:  # a blank that pdfium puts between words; it has no width
                if characters and code == 0x20:
                    last = characters[-1]
                    characters.append(Character(" ", last.right, last.right, last.baseline, last.font))
                starts_word = True
                continue
            font = fonts.read(index, painted)
        starts_word, end, level = code == 0x20, x1, y.value
        if font.is_hidden or not (left <= (x0 + x1) / 2 <= right and bottom <= (y0 + y1) / 2 <= top):
            hidden += code != 0x20
            continue
        if code < 0x20 or code > 0x7E:
            if code in _HYPHENS:
                code = 0x2D
            elif _names_no_letter(code):
                unreadable += 1
                code = 0xFFFD
        if font.angle:
            characters.append(_turned(chr(code), (x0, x1, y0, y1), (x.value, y.value), font))
        else:
            characters.append(Character(chr(code), x0, x1, y.value, font))
    text_page.close()
    return PageText(
        characters,
        right - left,
        top - bottom,
        hidden,
        unreadable,
        has_picture,
        has_drawing,
        is_cut=count > MAX_CHARACTERS,
    )


def _codes(raw: Any, count: int) -> list[int]:
    """Return the code points of a page's characters."""
    buffer = (ctypes.c_ushort * (count + 1))()
    written = pdfium_c.FPDFText_GetText(raw, 0, count, buffer)
    codes = list(buffer[: max(0, written - 1)])
    if len(codes) == count and not any(0xD800 <= code < 0xE000 for code in codes):
        return codes
    return [pdfium_c.FPDFText_GetUnicode(raw, index) for index in range(count)]  # slower: characters without a letter


def _names_no_letter(code: int) -> bool:
    return (
        code < 0x20
        or 0x7F <= code < 0xA0
        or 0xE000 <= code < 0xF900
        or 0xD800 <= code < 0xE000
        or code in (0xFFFD, 0xFFFF)
        or code > 0xEFFFF
    )


def _turned(text: str, box: tuple[float, float, float, float], origin: tuple[float, float], font: Font) -> Character:
    """Return a character in a system of coordinates in which its line runs from left to right."""
    left, right, bottom, top = box
    match font.angle:
        case 90:
            return Character(text, bottom, top, -origin[0], font)
        case 180:
            return Character(text, -right, -left, -origin[1], font)
        case _:
            return Character(text, -top, -bottom, origin[0], font)


def _pictures(page: pdfium.PdfPage, area: float) -> tuple[bool, bool]:
    """Return whether a page has a picture, and whether one covers so much of it that it is a scan."""
    has_picture = is_scan = False
    for picture in page.get_objects(filter=[pdfium_c.FPDF_PAGEOBJ_IMAGE], max_depth=3):
        has_picture = True
        left, bottom, right, top = picture.get_bounds()
        if abs((right - left) * (top - bottom)) >= _SCAN_SHARE * area:
            return True, True
    return has_picture, is_scan
