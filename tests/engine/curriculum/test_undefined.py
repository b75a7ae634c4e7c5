"""What an exported module would lack is found, and nothing else is blamed."""

from __future__ import annotations

import pytest

from tito.curriculum.source import Cell
from tito.curriculum.undefined import undefined


def cells(*texts: str) -> list[Cell]:
    """The cells of a notebook."""
    return [Cell("code", text, "n.ipynb", 0, number) for number, text in enumerate(texts, 1)]


def lacking(exported: str, other: str) -> list[tuple[str, str, str]]:
    """(name, where it is used, the cell that defines it)"""
    found = undefined(cells(f"#| export\n{exported}", other))
    return [(each.name, str(each.used), str(each.home)) for each in found]


USES = {
    "in a function": ("def f(x):\n    return helper(x)", "n.ipynb, cell 1, line 3"),
    "in a method": (
        "class A:\n    def f(self):\n        return helper(1)",
        "n.ipynb, cell 1, line 4",
    ),
    "in a class": ("class A:\n    x = helper", "n.ipynb, cell 1, line 3"),
    "as a base": ("class A(helper): ...", "n.ipynb, cell 1, line 2"),
    "as a decorator": ("@helper\ndef f(): ...", "n.ipynb, cell 1, line 2"),
    "as a default": ("def f(x=helper): ...", "n.ipynb, cell 1, line 2"),
    "at the top": ("x = 1\ny = helper", "n.ipynb, cell 1, line 3"),
    "in a comprehension": ("x = [helper(i) for i in range(3)]", "n.ipynb, cell 1, line 2"),
    "in a lambda": ("f = lambda x: helper", "n.ipynb, cell 1, line 2"),
    "as part of a name": ("def f():\n    return helper.g()", "n.ipynb, cell 1, line 3"),
    "twice": ("def f():\n    helper()\n\ndef g():\n    helper()", "n.ipynb, cell 1, line 3"),
}
HOMES = ["def helper(x): ...", "class helper: ...", "import helper", "import a as helper",
         "from a import helper", "helper = 1", "helper: int = 1", "for helper in (): ...",
         "with open('x') as helper: ...", "%time\nhelper = 1", "x = (helper := 1)",
         "a, (*helper, b) = x",
         "def set():\n    global helper\n    helper = 1"]  # fmt: skip


@pytest.mark.parametrize(("use", "where"), USES.values(), ids=USES)
def test_a_name_that_only_another_cell_defines_is_found_once(use: str, where: str) -> None:
    assert lacking(use, "def helper(x): ...") == [("helper", where, "n.ipynb, cell 2")]


@pytest.mark.parametrize("home", HOMES)
def test_however_it_is_defined(home: str) -> None:
    assert [name for name, *_ in lacking("def f():\n    return helper", home)] == ["helper"]


FINE = {
    "a parameter": "def f(helper):\n    return helper",
    "a local name": "def f():\n    helper = 1\n    return helper",
    "an import inside": "def f():\n    import helper\n    return helper",
    "a name of the outer function": "def f(helper):\n    def g():\n        return helper\n    return g",
    "an attribute": "def f(x):\n    return x.helper",
    "a keyword": "def f(x):\n    return x(helper=1)",
    "a variable of a comprehension": "x = [helper for helper in range(3)]",
    "its own definition": "def helper(): ...\n\ndef f():\n    return helper()",
    "a name in a text": "x = 'helper'",
    "a name in a comment": "x = 1  # helper",
    "only written": "def f():\n    global helper\n    helper = 1",
    "an exception": "try: ...\nexcept OSError as helper:\n    print(helper)",
    "a builtin of that name": "def f():\n    return print",
}


@pytest.mark.parametrize("code", FINE.values(), ids=FINE)
def test_what_the_module_has_itself_is_not_blamed(code: str) -> None:
    assert lacking(code, "helper = 1\nprint = 2") == []


def test_any_exported_cell_may_define_it_in_any_order() -> None:
    found = cells("#| export\ndef f():\n    return helper", "helper = 1", "#| export\nhelper = 2")
    assert list(undefined(found)) == []


def test_a_name_that_nobody_defines_is_not_ours_to_tell() -> None:
    assert lacking("def f():\n    return nothing", "x = 1") == []


def test_places_in_a_script_are_lines_of_the_file() -> None:
    used = Cell("code", "#| export\ndef f():\n    return helper", "s.py", 10, 1)
    home = Cell("code", "helper = 1", "s.py", 20, 2)
    (found,) = undefined([used, home])
    assert (str(found.used), str(found.home)) == ("s.py:12", "s.py:20")
