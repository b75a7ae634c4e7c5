"""What we export has the public names and the behaviour of what nbdev exports; nbdev is the oracle."""

from __future__ import annotations

import ast
import hashlib
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from nbdev.export import nb_export

from support import ROOT, a_module, run
from tito.curriculum.compile import check, compile_module, read_draft
from tito.curriculum.config import ModuleConfig
from tito.curriculum.draft import draft
from tito.curriculum.files import notebook
from tito.curriculum.source import Cell, read_percent
from tito.curriculum.stamp import stamped_module
from tito.curriculum.views import REFERENCE, SOLVED, view
from tito.export import export

MODULE = a_module("counter", 1)
SOLUTION = "### BEGIN SOLUTION\n    return x + 1\n    ### END SOLUTION"


def nbdevs(cells: tuple[Cell, ...], folder: Path, library: str = "lib") -> None:
    """Export the cells' notebook with nbdev into a library in the folder."""
    folder.mkdir(exist_ok=True)
    path = folder / "lesson.ipynb"
    path.write_text(notebook(cells), encoding="utf-8")
    nb_export(path, lib_path=folder / library)


def executed(code: str) -> dict[str, Any]:
    names: dict[str, Any] = {"__name__": "exported"}
    exec(compile(code, "exported.py", "exec", dont_inherit=True), names)
    return names


# (source of the cells, an expression to compare)
AWKWARD = {
    "no blank after the hash": ("#%%\n#|export\ndef f(x): return x + 1\n", "f(1)"),
    "several cells": (
        "# %%\n#| export\nA = 1\n\n# %%\nA = 2\n\n# %%\n#| export\ndef f(): return A\n",
        "f()",
    ),
    "a marker of cells in a string": (
        '# %%\n#| export\nTEXT = """\n# %%\n#| export\n"""\n',
        "TEXT",
    ),
    "Windows lines": ("# %%\r\n#| export\r\nTEXT = '''a\r\nb'''\r\n", "TEXT"),
    "a byte order mark": ("\ufeff# %%\n#| export\nX = 1\n", "X"),
    "code before the first marker": ("#| export\nX = 1\n\n# %%\n#| export\nY = X\n", "Y"),
    "a directive after a comment": (
        "# %%\n# first\n#| export\nX = 1\n\n# %%\n#| export\nY = 2\n",
        "'X' in globals(), Y",
    ),
    "a directive after blank lines": ("# %%\n\n\n#| export\n\nX = 1\n", "X"),
    "an indented directive": ("# %%\n  #| export\nX = 1\n", "X"),
    "a directive in a string": (
        "# %%\nS = '''\n#| export\n'''\n\n# %%\n#| export\nY = 2\n",
        "'S' in globals(), Y",
    ),
    "a future": (
        "# %%\n#| export\nfrom __future__ import annotations\n\ndef f(x: Later): return x\n",
        "f.__annotations__",
    ),
    "a future after a docstring": (
        '# %%\n#| export\n"""Two\nlines."""\nfrom __future__ import annotations\nX: Later = 1\n',
        "__annotations__",
    ),
    "a future over several lines": (
        "# %%\n#| export\nfrom __future__ import (\n    annotations,\n    division,\n)\nX = 1\n",
        "annotations.optional, X",
    ),
    "a future in the second cell": (
        "# %%\n#| export\n\n# %%\n#| export\nfrom __future__ import annotations\nX: Later = 1\n",
        "__annotations__",
    ),
    "a solution": (f"# %%\n#| export\ndef f(x):\n    {SOLUTION}\n", "f(1)"),
    "a nested solution": (
        "# %%\n#| export\ndef f(y):\n    def g(x):\n        "
        + SOLUTION.replace("\n", "\n    ")
        + "\n    return g(y)\n",
        "f(1)",
    ),
    "tuples": ("# %%\n#| export\na, b = 1, 2\n[c, d] = 3, 4\n(e, (g, h)) = 5, (6, 7)\n", "h"),
    "stars": ("# %%\n#| export\nfirst, *rest = 1, 2, 3\n", "rest"),
    "annotations": ("# %%\n#| export\nx: int = 1\ny: str\n", "x, __annotations__"),
    "private names": ("# %%\n#| export\n_x = 1\ndef _f(): pass\n__version__ = '1'\ny = _x\n", "y"),
    "decorators": (
        "# %%\n#| export\nfrom functools import cache\n\n@cache\ndef f(x):\n    return [x]\n",
        "f(1) is f(1)",
    ),
    "an empty exported cell": ("# %%\n#| export\n\n# %%\n#| export\nX = 1\n", "X"),
    "nothing exported": ("# %%\n#| export\nimport os\n", "os.sep"),
    "a docstring": ('# %%\n#| export\n"""Not of the module."""\nX = 1\n', "X"),
    "names over each other": ("# %%\n#| export\ndef x(): pass\nx = 1\n", "x"),
    "in place": ("# %%\n#| export\ntotal = 1\ntotal += 1\n", "total"),
    "async": ("# %%\n#| export\nasync def f(): return 1\n", "f.__name__"),
    "a class with a body": (
        "# %%\n#| export\nclass A:\n    x = 1\n    def f(self): return self.x\n",
        "A().f()",
    ),
    "branches": ("# %%\n#| export\nif True:\n    hidden = 1\n", "hidden"),
    "letters of the world": ("# %%\n#| export\nπ = 3\nTEXT = 'é 🧪'\n", "π, TEXT"),
    "a form feed": ("# %%\n#| export\nX = 1\n\x0c\nY = 2\n", "X + Y"),
    "text between": (
        "# %%\n#| export\nX = 1\n\n# %% [markdown]\n# # Title\n# > not code\n\n# %% [raw]\n# raw\n",
        "X",
    ),
    "a continued line": ("# %%\n#| export\nX = 1 + \\\n    2\n", "X"),
}


@pytest.mark.parametrize(("source", "probe"), AWKWARD.values(), ids=AWKWARD.keys())
def test_awkward_sources_are_exported_as_nbdev_does(
    tmp_path: Path, source: str, probe: str
) -> None:
    head = "# %%\n#| default_exp core.counter\n\n"
    start = "\ufeff" if source.startswith("\ufeff") else ""
    cells = read_percent(start + head + source.removeprefix(start), "counter_dev.py").cells
    nbdevs(cells, tmp_path)
    theirs = executed((tmp_path / "lib/core/counter.py").read_text(encoding="utf-8"))
    ours = executed(export(cells, MODULE, "counter_dev.py"))
    assert set(ours["__all__"]) == set(theirs["__all__"])
    assert {*ours} - {"__doc__"} == {*theirs} - {"__doc__"}
    assert repr(eval(probe, ours)) == repr(eval(probe, theirs))


# (source, what is found in it): nbdev exports something else here, or nothing that runs.
DOCUMENTED = {
    "an indented marker of cells": ("def f():\n    # %%\n    return 1", "is not Python"),
    "a magic": ("%matplotlib inline\nX = 1", "is not Python"),
    "a directive of nbdev's": (
        "Y = 1\n\n# %%\n#| exporti\nX = 1",
        "unknown directive '#| exporti'",
    ),
    "a directive after a comment": ("Y = 1\n\n# %%\n# note\n#| export\nX = 1", "has no effect"),
    "an export to elsewhere": ("Y = 1\n\n# %%\n#| export core.x\nX = 1", "takes no value"),
    "a value behind a colon": ("Y = 1\n\n# %%\n#| export: true\nX = 1", "'#| export:'"),
    "a relative import": ("from .other import x", "a relative import"),
    "_all_": ("_all_ = ['sep']\nfrom os import sep", "'_all_' is not read"),
    "a future that shares its line": (
        "from __future__ import annotations; X = 1",
        "shares its line",
    ),
}


@pytest.mark.parametrize(("code", "message"), DOCUMENTED.values(), ids=DOCUMENTED.keys())
def test_where_nbdev_differs_our_author_is_told(code: str, message: str) -> None:
    source = read_percent(f"# %%\n#| default_exp core.x\n\n# %%\n#| export\n{code}\n", "x_dev.py")
    config = ModuleConfig("X", "", "core.x", 1)
    found = [finding.message for finding in check(draft("x", 1, config, "module.yaml", source, 9))]
    assert any(message in each for each in found), found


FOLDERS = sorted(ROOT.glob("tests/data/*-tier/src/*/modules/*_*"))
SOURCES = sorted(ROOT.glob("packages/*/src/*/modules/*/*_dev.py"))


def listed(code: str) -> list[str]:
    """What a module says is in its `__all__`, without running it."""
    assigned = [node for node in ast.parse(code).body if isinstance(node, ast.Assign)]
    return next(
        ast.literal_eval(a.value) for a in assigned if ast.unparse(a.targets[0]) == "__all__"
    )


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_our_lessons_have_the_names_that_nbdev_gives_them(tmp_path: Path, path: Path) -> None:
    cells = read_percent(path.read_text(encoding="utf-8"), path.name).cells
    nbdevs(cells, tmp_path)
    [made] = tmp_path.glob("lib/*/*.py")
    ours = export(cells, MODULE, path.name)
    assert set(listed(ours)) == set(listed(made.read_text(encoding="utf-8")))


# Stands in for the packages of a course, which are composed otherwise.
FACADES = {
    "abacus/core/__init__.py": "from .counter import *",
    "tinytorch/toy/__init__.py": "",
    "tinytorch/core/__init__.py": """
class Tensor(list):
    def sum(self):
        return Tensor([sum(self)])

    def item(self):
        return self[0]

tensor = Tensor
""",
}
CALLS = """
import json
from abacus.core.counter import Counter, counter
from abacus.core.total import mean, total
from tinytorch.toy.counter import Counter as Other, count
from tinytorch.core import tensor
from sys import modules

names = "abacus.core.counter", "abacus.core.total", "tinytorch.toy.counter"
print(json.dumps({
    "all": [sorted(modules[name].__all__) for name in names],
    "docs": [Counter.__doc__, counter.__doc__, mean.__doc__],
    "calls": [counter(3).count(), total([Counter(1), Counter(2)]), mean([Counter(1), Counter(2)])],
    "toy": [Other().count(), count(tensor([1.0, 2.0]))],
}))
"""


def behaviour(folder: Path) -> Any:
    for name, text in FACADES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    done = run(sys.executable, "-c", CALLS, cwd=folder, PYTHONPATH=str(folder))
    assert done.code == 0, done.err
    return json.loads(done.out)


def test_the_modules_of_the_test_tiers_behave_as_nbdevs(tmp_path: Path) -> None:
    for folder in FOLDERS:
        namespace = "tinytorch" if "toy-tier" in folder.parts else "abacus"
        made = read_draft(folder)
        nbdevs(view(made.lesson, SOLVED), tmp_path / "theirs", namespace)
        module = compile_module(folder, namespace).module
        path = (tmp_path / "ours").joinpath(*module.target.split(".")).with_suffix(".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(export(view(made.lesson, REFERENCE), module, made.file), encoding="utf-8")
    theirs = behaviour(tmp_path / "theirs")
    assert behaviour(tmp_path / "ours") == theirs
    assert theirs["calls"] == [4, 3, 1.5]


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_exporting_twice_gives_the_same_bytes(folder: Path) -> None:
    first, again = (export(view(read_draft(folder).lesson, REFERENCE), MODULE, "x") for _ in "12")
    assert first == again


def test_cells_that_are_not_exported_are_passed_over() -> None:
    exported = Cell("code", "#| export\nX = 1", "x_dev.py", 5, 1)
    others = [Cell(kind, "# Y", "x_dev.py", 1, 2) for kind in ("code", "markdown", "raw")]
    assert export([*others, exported], MODULE, "x") == export([exported], MODULE, "x")


def test_each_part_says_where_it_came_from() -> None:
    script = Cell("code", "#| export\nX = 1", "x_dev.py", 5, 1)
    notebook_cell = Cell("code", "#| export\nY = 1", "x.ipynb", 0, 7)
    text = export([script, notebook_cell], MODULE, "x.ipynb")
    assert "# x_dev.py:5\nX = 1\n" in text
    assert "# x.ipynb, cell 7\nY = 1\n" in text
    assert text.split("\n")[1] == "# Edit that file, not this one."


def test_nothing_exported_is_an_empty_module() -> None:
    assert executed(export([], MODULE, "x"))["__all__"] == []


def test_what_is_no_python_is_a_syntax_error() -> None:
    with pytest.raises(SyntaxError):
        export([Cell("code", "#| export\ndef f(:", "x.ipynb", 0, 1)], MODULE, "x.ipynb")


def test_an_export_is_stamped_with_the_digest_of_what_follows() -> None:
    text = export([Cell("code", "#| export\nX = 1", "x_dev.py", 5, 1)], MODULE, "x_dev.py")
    first, _, rest = text.partition("\n# Edit that file, not this one.\n\n")
    assert stamped_module(first) == "counter"
    assert hashlib.sha256(rest.encode()).hexdigest() in first
