"""What a file recognisably is that is no facts file, and its text where it is one: found by content, not by name."""

from __future__ import annotations

import re

from garage_tui.core.base.errors import BadInputError
from garage_tui.core.facts.formats.labelled_text import labelled_rows, repeated_labels

_NUL = b"\x00"
_MARKS = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
_BINARIES = (
    (b"\x1f\x8b", "a gzip archive: unpack it with gunzip"),
    (b"BZh", "a bzip2 archive: unpack it with bunzip2"),
    (b"\xfd7zXZ\x00", "an xz archive: unpack it with unxz"),
    (b"\x28\xb5\x2f\xfd", "a zstd archive: unpack it with unzstd"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive: unpack it"),
    (b"Rar!", "a RAR archive: unpack it"),
    (b"%PDF", "a PDF: copy its text into a text file"),
    (b"\x89PNG", "a picture (PNG)"),
    (b"\xff\xd8\xff", "a picture (JPEG)"),
    (b"GIF8", "a picture (GIF)"),
    (b"II*\x00", "a picture (TIFF)"),
    (b"MM\x00*", "a picture (TIFF)"),
    (b"SQLite format 3\x00", "an SQLite database: export its table as CSV"),
    (b"GGUF", "a GGUF model"),
    (b"\x89HDF", "an HDF5 file"),
    (b"\x93NUMPY", "a NumPy array"),
    (b"ARROW1", "an Arrow file: save it as Parquet or JSON lines"),
    (b"Obj\x01", "an Avro file: save it as Parquet or JSON lines"),
    (b"ORC", "an ORC file: save it as Parquet or JSON lines"),
    (b"\xd0\xcf\x11\xe0", "an old Office file: save it as CSV (a table) or as text"),
    (b"\x7fELF", "a program"),
    (b"ID3", "a sound file"),
    (b"OggS", "a sound file"),
)
_YAML_FILE = "YAML: convert it to JSON lines or CSV"
_TEXTS = (
    (
        r"version https://git-lfs\.github\.com/spec/",
        "a Git LFS pointer, not the file: fetch it with git lfs pull",
    ),
    (
        r"<(?:s|bos)>\s*\[?[A-Z<]|<\|[\w ]+\|>|<start_of_turn>|\[INST\]|### *(?:Instruction|Human|User):",
        "chats in the form of one model's template: export them as JSON with messages, or write Q: and A: before the "
        "questions and answers",
    ),
    (r"#separator:", "cards exported from Anki: export them without HTML, and delete the lines that begin with #"),
    (r"(?i)<!doctype html|<html\b", "a web page (HTML): save the data that it shows, not the page"),
    (r"(?i)<\?xml|<svg\b|<rss\b", "XML: convert it to JSON lines or CSV"),
    (r"<(?:[A-Za-z][\w:.-]*(?:\s[^<>]*)?/?>|!--|!\[CDATA)", "markup (HTML or XML): convert it to JSON lines or CSV"),
    (r"\{\\rtf", "an RTF document: save it as plain text"),
    (r"\\documentclass|\\begin\{", "LaTeX: save it as plain text"),
    (r"-----BEGIN ", "a key or a certificate"),
    (r"#!", "a script"),
    (r"diff --git |--- a/", "a patch"),
    (r"\|.*\|[ \t]*\n\|[ \t]*:?-", "a Markdown table: save it as CSV"),
    (r"\{\s*\"cells\"\s*:\s*\[", "a Jupyter notebook: save its facts as JSON lines, CSV or plain text"),
    (r"%YAML|---[ \t]*\n", _YAML_FILE),
    (r"BEGIN:V(?:CARD|CALENDAR)\b", "a calendar or an address book"),
)
_ANYWHERE = (
    (r"^(?:<{7}|>{7}) ", "a file with a merge conflict: resolve it first"),
    (r"^[ \t]*\|?[^\n|]+\|[^\n]*\n[ \t]*\|?[ \t]*:?-{2,}:?[ \t]*\|", "a Markdown table: save it as CSV"),
    (r"^[ \t]*```", "Markdown with a block of code: save the block as a file of its own"),
    (r"^msg(?:id|str) \"", "translations (gettext)"),
)
"""What a line shows wherever it stands."""
_QUOTED = re.compile(r'"(?:[^"\\]|\\.|"")*"', re.DOTALL)
_YAML_LIST = re.compile(r"^([ \t]*)- (\w+):(?:[ \t].*)?\n\1  (?!- )\w+:(?:[ \t]|$)", re.MULTILINE)
"""Two lines of a list of mappings: `- question: …` and below it, indented, `answer: …`."""
_CHATGPT = re.compile(r'\[\s*\{[^{}\[\]]*"mapping"\s*:\s*\{')
_PYTHON = re.compile(
    r"(?:from [\w.]+ import |import [\w.]+(?: as \w+)?\s*$|def \w+\(|class \w+[(:]|@\w+|if __name__ ==|\w+ = [\[{(\"'])"
)
_OTHER_SOURCE = re.compile(
    r"(?:#include\b|(?:const|let|var|function|package|using|public|export) \w|(?:CREATE TABLE|INSERT INTO|SELECT) )"
    r"|.*[;{}]$"
)
_SECTION = re.compile(r"\[\[?[\w .:\"'-]+\]\]?$")
_SETTING = re.compile(r"[\w.\"-]+\s*=\s*\S?")
_YAML = re.compile(r"(?:-\s+)?[\w.\"' -]{1,40}:(?:\s|$)|-\s+\S")
_YAML_KEY = re.compile(r"(?:-\s+)?[\w.\"'-]+:(?:\s|$)")
_YAML_ITEM = re.compile(r"(?:-\s+)?([\w.\"'-]+):(?:\s|$)")
_MAX_LINES = 200
AS_TEXT = "--as text takes each line as a fact (f in the app)"
"""What to do with text that is not taken for sentences."""


class NotFactsError(BadInputError):
    """The file is recognisably something else than facts; the text says what it seems to be."""


def check_binary(data: bytes) -> None:
    """Refuse data that is recognisably no text.

    Raises:
        NotFactsError: it is something else.
    """
    if kind := _binary(data):
        raise NotFactsError(f"this is not a facts file; it seems to be {kind}")


def decode(data: bytes) -> str:
    """Return the text of a file: UTF-8, or UTF-16 and UTF-32 if a byte order mark says so.

    Raises:
        BadInputError: it is neither; the text says where.
    """
    mark, encoding = next(((mark, name) for mark, name in _MARKS if data.startswith(mark)), (b"", "utf-8"))
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        if mark and encoding != "utf-8-sig":
            raise BadInputError(f"byte {error.start + 1} is not {encoding.upper()}; save the file as UTF-8") from error
        line = data.count(b"\n", 0, error.start) + 1
        remedy = "save the file as UTF-8 (in a spreadsheet: CSV UTF-8)"
        raise BadInputError(f"line {line}: byte {error.start + 1} is not UTF-8; {remedy}") from error


def check_text(text: str, *, lines: bool = True, yaml: bool = False) -> None:
    """Refuse text that is recognisably no facts: markup, pointers, settings, programs.

    Args:
        yaml: the name of the file says that it is YAML, of which sentences and JSON are a part.
        lines: look at what most lines are; False for a table and for JSON, whose lines may be like settings.

    Raises:
        NotFactsError: it is something else.
    """
    begin = text.lstrip("\ufeff \t\r\n")
    kind = next((kind for pattern, kind in _TEXTS if re.match(pattern, begin)), "")
    if not kind and _CHATGPT.match(begin):
        kind = "ChatGPT's export of all chats: copy what you want to teach into a CSV file"
    if not kind:
        unquoted = _QUOTED.sub('""', text)  # a cell or a JSON text may hold a table or code of its own
        kind = next((kind for pattern, kind in _ANYWHERE if re.search(pattern, unquoted, re.MULTILINE)), "")
    if not kind and lines:
        kind = _YAML_FILE if yaml or _YAML_LIST.search(text) else ""
    if not kind and lines:
        kind = _lines_kind([line.strip() for line in text.splitlines() if line.strip()][:_MAX_LINES])
        kind = f"{kind}; {AS_TEXT}" if kind else ""
    if kind:
        raise NotFactsError(f"this is not a facts file; it seems to be {kind}")


def _lines_kind(lines: list[str]) -> str:
    """Return what most lines are: settings or a program; empty for anything else."""
    code = [line for line in lines if not line.startswith(("#", ";", "//"))] or lines
    sections = sum(bool(_SECTION.match(line)) for line in code)
    settings = sum(bool(_SETTING.match(line)) for line in code)
    python = sum(bool(_PYTHON.match(line)) for line in code)
    if sections and sections + settings > len(code) / 2:
        return "settings (TOML or INI)"
    if python and _PYTHON.match(code[0]):
        return "a Python program"
    if settings > len(code) / 2:
        return "settings"
    if len(code) > 1 and sum(bool(_YAML.match(line)) for line in code) > 0.8 * len(code):
        keys = sum(bool(_YAML_KEY.match(line)) for line in code)
        if keys >= len(code) / 3 and not any(line.endswith((".", "!", "?")) for line in code[:1]):
            return "YAML"
        if _is_yaml_list(code):
            return "YAML"
    if (labels := repeated_labels(lines)) and not labelled_rows("\n".join(lines)):
        shown = ", ".join(f'"{label}:"' for label in labels[:4])
        return f"a text with labels ({shown}): write Q: and A: before the questions and answers instead"
    if sum(bool(_OTHER_SOURCE.match(line)) for line in code) > len(code) / 2:
        return "a program"
    return ""


def _is_yaml_list(code: list[str]) -> bool:
    """Return whether lines are a list of mappings with the same keys: `- question: …`, `answer: …`, again and again."""
    keys = [found[1] for line in code if (found := _YAML_ITEM.match(line))]
    begins_list = re.match(r"-\s+\S|[\w.\"'-]+:\s*$", code[0]) is not None
    return begins_list and len(keys) > 0.8 * len(code) and len(set(keys)) <= len(keys) / 2


def _binary(data: bytes) -> str:
    if data.startswith(b"PK\x03\x04"):
        head = data[:4096]
        if b"xl/" in data[-65_536:] or b"xl/" in head or b"opendocument.spreadsheet" in head:
            return "a spreadsheet (Excel or LibreOffice): save it as CSV UTF-8"
        if b"word/" in data[-65_536:] or b"word/" in head or b"opendocument.text" in head:
            return "a document (Word or LibreOffice): save it as plain text"
        return "a zip archive: unpack it"
    if kind := next((kind for magic, kind in _BINARIES if data.startswith(magic)), ""):
        return kind
    if data[:4] == b"RIFF":
        return "a picture or a sound file"
    if data[257:262] == b"ustar":
        return "a tar archive: unpack it"
    if 2 < int.from_bytes(data[:8], "little") < 100_000_000 and data[8:10] in (b'{"', b"{}"):
        return "a safetensors model"
    if any(data.startswith(mark) for mark, _ in _MARKS):
        return ""
    head = data[:8192]
    if _NUL in head:
        pairs = max(1, len(head) // 2)
        if max(head[::2].count(0), head[1::2].count(0)) > 0.4 * pairs:
            return "UTF-16 text without a byte order mark: save it as UTF-8"
        return "binary data"
    if len(head) > 16 and sum(byte < 9 or 13 < byte < 32 for byte in head) > 0.1 * len(head):
        return "binary data"
    if data[:2] == b"\x80\x04" or data[:2] == b"\x80\x02":
        return "a Python pickle"
    return ""
