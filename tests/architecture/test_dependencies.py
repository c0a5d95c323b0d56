"""The package imports what pyproject.toml asks for, and private parts of libraries stay behind one file each."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections import defaultdict
from functools import cache
from importlib.metadata import packages_distributions

from packaging.requirements import Requirement

from garage_tui.cli import mcp
from garage_tui.core.doctor import UNSLOTH
from tests.support.repository import REPOSITORY

PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
EXTRAS = {"mcp": "mcp", "unsloth": "gpu"}
"""Modules that only an extra brings; whoever imports one does without it where it is missing."""
NEVER_IMPORTED = {
    "pip": "run as a process (jobs/llm/wheel.py)",
    "bitsandbytes": "transformers import it for bases in 4 bits",
    "unsloth-zoo": "a part of Unsloth",
    "sentencepiece": "llama.cpp's converter imports it",
    "transformers": "in [gpu] a limit alone",
    "datasets": "in [gpu] a limit alone",
    "trl": "in [gpu] a limit alone",
}
PRIVATE = {
    "textual_image._sixel": "core/terminal/sixel.py",
    "uvicorn.protocols.http.h11_impl": "jobs/serve/openai_api/http_protocol.py",
}
"""Modules of libraries that promise nothing, with the only file that may import each."""


def name_of(requirement: str) -> str:
    return re.sub(r"[-_.]+", "-", Requirement(requirement).name).lower()


@cache
def imports() -> list[tuple[str, str]]:
    """Return each module that the package imports from elsewhere, with the file that does."""
    found = []
    for path in (REPOSITORY / "garage_tui").rglob("*.py"):
        file = path.relative_to(REPOSITORY / "garage_tui").as_posix()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [each.name for each in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and not node.level and node.module:
                names = [node.module]
            for name in names:
                if name.partition(".")[0] not in {*sys.stdlib_module_names, "garage_tui"}:
                    found.append((name, file))
    return found


def test_every_imported_package_is_declared():
    declared = {name_of(one) for one in PROJECT["dependencies"]}
    distributions = packages_distributions()
    missing, known = defaultdict(list), set()
    for module, file in imports():
        top = module.partition(".")[0]
        extra = EXTRAS.get(top)
        asked = {name_of(one) for one in PROJECT["optional-dependencies"][extra]} if extra else declared
        names = {name_of(name) for name in distributions.get(top, [top.replace("_", "-")])}
        known |= names
        if not names & asked:
            missing[top].append(file)
    assert dict(missing) == {}
    assert len(known) > 30, "hardly anything was looked at"


def test_every_declared_package_is_imported():
    distributions = packages_distributions()
    tops = {module.partition(".")[0] for module, _ in imports()}
    used = {name_of(name) for top in tops for name in distributions.get(top, [top.replace("_", "-")])}
    groups = [PROJECT["dependencies"], *PROJECT["optional-dependencies"].values()]
    declared = {name_of(one) for group in groups for one in group}
    assert declared - used - NEVER_IMPORTED.keys() == set()


def test_private_modules_are_imported_by_one_file_each_from_a_version_that_is_capped():
    found = defaultdict(set)
    for module, file in imports():
        private = module in PRIVATE or any(part.startswith("_") for part in module.split("."))
        if private and not module.startswith("textual."):  # test_textual_internals.py has those
            found[module].add(file)
    assert dict(found) == {module: {file} for module, file in PRIVATE.items()}
    limits = {name_of(one): Requirement(one).specifier for one in PROJECT["dependencies"]}
    for module in PRIVATE:
        specifier = limits[module.partition(".")[0].replace("_", "-")]
        assert any(each.operator in ("<", "<=", "==") for each in specifier), f"{module} has no cap"


def test_what_messages_say_to_install_is_what_the_extras_ask_for():
    extras = PROJECT["optional-dependencies"]
    assert mcp._PACKAGE in extras["mcp"]
    assert any(Requirement(one).name == "unsloth" and f"=={UNSLOTH}" in one for one in extras["gpu"])


def test_the_limits_of_unsloth_bind_only_those_who_install_it():
    everyone = {name_of(one): Requirement(one).specifier for one in PROJECT["dependencies"]}
    with_unsloth = {name_of(one): Requirement(one).specifier for one in PROJECT["optional-dependencies"]["gpu"]}
    for name, newer in (("transformers", "5.24.0"), ("datasets", "5.2.0"), ("trl", "1.16.0")):
        assert newer in everyone[name] and newer not in with_unsloth[name]
