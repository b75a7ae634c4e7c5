"""Every hook is documented, and ships with a real user that implements it as it is specified."""

from __future__ import annotations

import ast
import inspect
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest

from support import ROOT
from tito import builtin
from tito.plugins import hookspecs

HOOKS = {name: hook for name, hook in vars(hookspecs).items() if name.startswith("tito_")}
TIERS = sorted(ROOT.glob("packages/*/src/*/plugin.py"))


def load(path: Path) -> ModuleType:
    spec = spec_from_file_location(f"{path.parent.name}_plugin", path)
    assert spec
    assert spec.loader
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


USERS = [builtin, *map(load, TIERS)]


@pytest.mark.parametrize("name", HOOKS)
def test_each_hook_has_a_real_user_and_a_description(name: str) -> None:
    assert any(hasattr(user, name) for user in USERS)
    assert inspect.getdoc(HOOKS[name])


@pytest.mark.parametrize("user", USERS, ids=lambda user: user.__name__)
def test_each_user_implements_what_is_specified(user: ModuleType) -> None:
    implemented = {name: hook for name, hook in vars(user).items() if name.startswith("tito_")}
    assert implemented
    for name, hook in implemented.items():
        specified = inspect.signature(HOOKS[name]).parameters
        assert inspect.signature(hook).parameters.keys() <= specified.keys(), name


@pytest.mark.parametrize("path", TIERS, ids=lambda path: path.parent.name)
def test_a_tiers_plugin_imports_nothing_but_the_standard_library(path: Path) -> None:
    """Every start of `tito` loads it, and it must work with any engine. What a hook needs of its own
    package, it imports when it is called."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [node.module] if isinstance(node, ast.ImportFrom) else node.names
            tops = {str(getattr(name, "name", name)).partition(".")[0] for name in names}
            own = set() if node in tree.body else {path.parent.name}
            assert tops <= sys.stdlib_module_names | own
