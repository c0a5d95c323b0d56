"""Reads manual pages (man(7) and the common macros of mdoc(7)), as roff sources.

Nothing is run: a page is untrusted, and roff is a programming language. What the page defines or includes is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from garage_tui.core.documents.text.blocks import Block, BlockKind, ExtractedText
from garage_tui.core.documents.text.normalise import normalise, normalise_code

_SPECIAL = {
    "aq": "'", "bu": "•", "co": "©", "cq": "’", "dq": '"', "em": "—", "en": "–", "ga": "`", "ha": "^", "hy": "-",
    "lq": "“", "oq": "‘", "rq": "”", "rs": "\\", "ti": "~", "tm": "™", "mu": "×", "<=": "≤", ">=": "≥", "->": "→",
    "<-": "←", "de": "°", "+-": "±", "Fo": "«", "Fc": "»", "at": "@", "sh": "#", "Do": "$", "or": "|", "ba": "|",
    "ss": "ß", "12": "½", ":a": "ä", ":o": "ö", ":u": "ü", "'e": "é", "`e": "è", "'a": "á", "R": "®", "(C": "©",
    "Eu": "€", "Po": "£",
}  # fmt: skip
_ESCAPE = re.compile(
    r"\\(?:f(?:\[[^\]]*\]|\(..|.)|s(?:[-+]?\d{1,2}|\([-+]?\d\d|\[[^\]]*\])|\*(?:\[[^\]]*\]|\(..|.)|\[([^\]]*)\]|\((..)"
    r"|[hvwobDlLNXZ]'[^']*'|m\[[^\]]*\]|([-&|^~0 e'`.:%,/c)dupr!?{}t\\]))"
)
_QUOTED = re.compile(r'"((?:[^"]|"")*)"|(\S+)')
_FONT_MACROS = {"B", "I", "R", "SM", "SB", "BI", "BR", "IB", "IR", "RB", "RI"}
_ALTERNATING = {"BI", "BR", "IB", "IR", "RB", "RI"}
_PARAGRAPHS = {"PP", "P", "LP", "Pp", "sp", "HP", "RS", "RE", "br", "Lp"}
_MDOC = {
    "Nm", "Fl", "Ar", "Op", "Pa", "Xr", "Cm", "Ic", "Dq", "Sq", "Em", "Sy", "Li", "Va", "Ev", "Er", "Dv", "Fn", "Ns",
    "Bx", "Nd", "Ql", "Qq", "Pq", "Bq", "Aq", "No", "An", "Tn", "Ux", "Fx", "Nx", "Ox", "St", "At", "Vt", "Ft",
    "Fa", "Lk", "Mt",
}  # fmt: skip


def is_manual_page(text: str) -> bool:
    """Return whether a text is the source of a manual page."""
    return re.search(r"^\.(?:TH|Dt)\s", text[:20_000], re.MULTILINE) is not None and (
        re.search(r"^\.(?:SH|Sh)\b", text, re.MULTILINE) is not None
    )


def read_manual_page(text: str) -> ExtractedText:
    """Return the blocks of a manual page."""
    extracted = ExtractedText("manual page", [])
    page = _Page()
    extracted.blocks = [block for block in page.read(text) if block.text]
    extracted.title = page.title
    extracted.left_out = [f"what the page includes from another file: {name}" for name in page.included]
    return extracted


class _Page:
    """What has come together of a manual page while it is read."""

    def __init__(self) -> None:
        self.title = ""
        self.included: list[str] = []
        self._name = ""
        self._text: list[str] = []
        self._kind: BlockKind = "paragraph"
        self._is_listing = False
        self._tag_follows = False

    def read(self, text: str) -> Iterator[Block]:
        lines = iter(re.sub(r"\\\n", "", text).splitlines())
        for line in lines:
            if line.startswith((".", "'")) and line[1:].strip():
                name, _, rest = line[1:].strip().partition(" ")
                if name in ("de", "de1", "am", "ig"):
                    _skip(lines, rest.split()[-1] if name == "ig" and rest.split() else "")
                elif name == "TS":
                    yield from self._end()
                    yield from _table(lines)
                else:
                    yield from self._macro(name, rest)
            elif self._is_listing:
                self._text.append(plain_roff(line))
            elif line.strip() and not line.startswith('.\\"'):
                self._text.append(plain_roff(line.strip()))
                yield from self._tagged()
            elif not line.strip():
                yield from self._end()
        yield from self._end()

    def _macro(self, name: str, rest: str) -> Iterator[Block]:
        arguments = _arguments(rest)
        match name:
            case "TH" | "Dt":
                self.title = "(".join(arguments[:2]).lower() + (")" if len(arguments) > 1 else "")
            case "SH" | "SS" | "Sh" | "Ss":
                yield from self._end()
                yield Block("heading", normalise(" ".join(arguments)), 2 if name in ("SS", "Ss") else 1)
            case "TP" | "TQ":
                yield from self._end()
                self._kind, self._tag_follows = "item", True
            case "IP" | "It":
                yield from self._end()
                self._kind = "item"
                tag = _mdoc(arguments) if name == "It" else " ".join(arguments[:1])
                self._text += [f"{tag}:" if re.search(r"\w", tag) else "•"] if tag else []
            case "nf" | "EX" | "Bd":
                yield from self._end()
                self._is_listing = name != "Bd" or "-filled" not in arguments
            case "fi" | "EE" | "Ed":
                yield from self._end()
                self._is_listing = False
            case "UR" | "MT":
                self._text += arguments[:1]
            case "so":
                self.included += arguments[:1]
            case _ if name in _PARAGRAPHS:
                yield from self._end()
            case _ if name in _FONT_MACROS:
                self._text.append(("" if name in _ALTERNATING else " ").join(arguments))
                yield from self._tagged()
            case _ if name in _MDOC:
                if name == "Nm" and arguments and not self._name:
                    self._name = arguments[0]
                self._text.append(_mdoc([name, *arguments], self._name))
            case _:
                pass

    def _tagged(self) -> Iterator[Block]:
        """After the line that names an item, its text follows."""
        if self._tag_follows and self._text:
            self._tag_follows = False
            self._text[-1] += ":" if not self._text[-1].endswith(":") else ""
        yield from ()

    def _end(self) -> Iterator[Block]:
        if self._text:
            if self._is_listing:
                yield Block("code", normalise_code("\n".join(self._text)))
            else:
                yield Block(self._kind, normalise(" ".join(self._text)))
        self._text, self._kind, self._tag_follows = [], "paragraph", False


def plain_roff(text: str) -> str:
    """Return a text without roff's escapes."""

    def meant(found: re.Match[str]) -> str:
        name = found[1] or found[2]
        if name:
            if code := re.fullmatch(r"u([0-9A-F]{4,6})", name):
                return chr(min(int(code[1], 16), 0x10FFFF))
            return _SPECIAL.get(name, "")
        one = found[3] or ""
        return {
            "-": "-",
            "e": "\\",
            "'": "'",
            "`": "`",
            " ": " ",
            "~": " ",
            "0": " ",
            ".": ".",
            "t": "\t",
            "\\": "\\",
        }.get(one, "")

    return _ESCAPE.sub(
        meant,
        re.sub(r'\\[."#].*', lambda found: "." if found[0][1] == "." else "", text)
        if '\\"' in text or "\\#" in text
        else text,
    )


def _arguments(rest: str) -> list[str]:
    found = _QUOTED.findall(re.sub(r'\s*\\".*', "", rest))
    return [plain_roff(quoted.replace('""', '"') or bare) for quoted, bare in found]


def _mdoc(arguments: list[str], name: str = "") -> str:
    """Return a line of mdoc's macros as text."""
    parts: list[str] = []
    flags = False
    for argument in arguments:
        if argument == "Fl":
            flags = True
        elif argument == "Nm":
            if len(arguments) == 1 and name:
                parts.append(name)
        elif argument not in _MDOC:
            parts.append(f"-{argument}" if flags else argument)
            flags = False
    return re.sub(r"\s+([.,;:)])", r"\1", " ".join(parts))


def _skip(lines: Iterator[str], end: str) -> None:
    """Read to the end of a definition."""
    for line in lines:
        if line.strip() == f".{end or '.'}":
            return


def _table(lines: Iterator[str]) -> Iterator[Block]:
    """Yield the rows of a table (tbl)."""
    in_format = True
    for line in lines:
        if line.startswith(".TE"):
            return
        if in_format:
            in_format = not line.rstrip().endswith(".")
        elif not line.startswith(".") and line.strip(" _=\t"):
            cells = (normalise(plain_roff(cell)) for cell in line.replace("T{", "").replace("T}", "").split("\t"))
            if row := " | ".join(cell for cell in cells if cell):
                yield Block("row", row)
