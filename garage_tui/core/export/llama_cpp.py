"""llama.cpp's `convert_hf_to_gguf.py`: where it is on this box, and how to get it."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from garage_tui.core.base.errors import BadInputError, GarageError

NAME = "convert_hf_to_gguf.py"
VARIABLE = "LLAMA_CPP"
GET_CONVERTER = f"git clone --depth 1 https://github.com/ggml-org/llama.cpp && export {VARIABLE}=$PWD/llama.cpp"
"""The command that gets it."""
NEEDS = "sentencepiece"
"""The one package that the converter imports and that this project does not bring."""


def install_command(package: str = NEEDS) -> str:
    """Return the command that installs a package that the converter needs."""
    return f"{sys.executable} -m pip install {package}"


def find_converter(asked: str | None = None) -> Path | None:
    """Return llama.cpp's converter: `asked` (it, or its folder), else in the folder `$LLAMA_CPP`, else on the PATH.

    Raises:
        BadInputError: it is not where `asked` or the variable says; the text says so.
    """
    for option, folder in (("--converter", asked), (f"${VARIABLE}", os.environ.get(VARIABLE))):
        if folder:
            path = Path(folder).expanduser().absolute()
            path = path / NAME if path.is_dir() else path
            if not path.is_file():
                raise BadInputError(f"{option}: there is no {path}; to get llama.cpp's converter: `{GET_CONVERTER}`")
            return path
    found = shutil.which(NAME, mode=os.R_OK)
    return Path(found) if found else None


def require_converter(asked: str | None = None) -> Path:
    """Return llama.cpp's converter, as `look` does.

    Raises:
        GarageError: there is none; the text has the command that gets it.
    """
    if found := find_converter(asked):
        return found
    raise GarageError(f"a GGUF is made by llama.cpp's {NAME}, which is not here; to get it: `{GET_CONVERTER}`")
