"""llama.cpp's `convert_hf_to_gguf.py`: where it is on this machine, and how to get it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from garage_tui.core.base.errors import BadInputError, GarageError
from garage_tui.core.base.home_path import expand_home

NAME = "convert_hf_to_gguf.py"
VARIABLE = "LLAMA_CPP"
GET_CONVERTER = f"git clone --depth 1 https://github.com/ggml-org/llama.cpp && export {VARIABLE}=$PWD/llama.cpp"
"""The shell command that downloads it."""
NEEDS = "sentencepiece"
"""The only package that the converter needs and this project does not install."""


def find_converter(given: str | None = None) -> Path | None:
    """Return llama.cpp's converter: `given` (a file or folder), else the one in `$LLAMA_CPP`, else on the PATH.

    Raises:
        BadInputError: it is not where `given` or the variable says.
    """
    for option, folder in (("--converter", given), (f"${VARIABLE}", os.environ.get(VARIABLE))):
        if folder:
            path = expand_home(folder).absolute()
            path = path / NAME if path.is_dir() else path
            if not path.is_file():
                raise BadInputError(f"{option}: there is no {path}; get llama.cpp's converter with `{GET_CONVERTER}`")
            return path
    found = shutil.which(NAME, mode=os.R_OK)
    return Path(found) if found else None


def require_converter(given: str | None = None) -> Path:
    """Return llama.cpp's converter, as `find_converter` does.

    Raises:
        GarageError: there is none; the text has the command that downloads it.
    """
    if found := find_converter(given):
        return found
    raise GarageError(f"a GGUF is made by llama.cpp's {NAME}, which was not found; get it with `{GET_CONVERTER}`")
