"""Public names are those that nbdev puts into `__all__`."""

import pytest
from fastcore.nbio import mk_cell
from nbdev.maker import ModuleMaker

from tito.curriculum.public import bound_names, is_dotted_name, public_names

CODES = {
    "definitions": "def f(): pass\nasync def g(): pass\nclass A: x = 1",
    "private names": "def _f(): pass\n_x = 1\n__version__ = 2\nclass _A: pass",
    "assignments": "a = b = 1\nc, d = 1, 2\n[e, f] = 1, 2\ng: int = 3\nh: int",
    "stars and nests": "first, *rest = [1, 2]\n(a, (b, c)) = 1, (2, 3)",
    "what is no name": "class A: pass\nA.x = 1\nd = {}\nd['k'] = 2\nd['a'], A.y = 1, 2",
    "in place": "total = 0\ntotal += 1",
    "imports": "import os\nfrom math import pi\nimport os.path as path",
    "branches": "if True:\n    x = 1\ntry:\n    y = 1\nexcept ValueError:\n    z = 1",
    "loops and others": "for i in []: pass\nwith open('x') as f: pass\n(w := 1)\ndel w",
    "twice": "x = 1\ndef x(): pass\nx: int = 2",
    "decorated": "@property\ndef f(self): pass\n@staticmethod\nclass A: pass",
    "nothing": "",
    "a docstring": '"""x = 1"""',
}


def nbdevs_names(code: str) -> set[str]:
    maker = ModuleMaker.__new__(ModuleMaker)
    return set(maker.make_all([mk_cell(code)]))


@pytest.mark.parametrize("code", CODES.values(), ids=CODES.keys())
def test_public_names_are_nbdevs(code: str) -> None:
    names = public_names(code)
    assert set(names) == nbdevs_names(code)
    assert len(set(names)) == len(names)


def test_names_stand_in_the_order_of_the_code() -> None:
    assert public_names("def z(): pass\na = 1\nclass M: pass\na = 2") == ["z", "a", "M"]


def test_bound_names_are_the_private_ones_too() -> None:
    assert bound_names("_all_ = ['x']\nx = 1") == ["_all_", "x"]


@pytest.mark.parametrize(
    ("text", "importable"),
    [
        ("core.tensor", True),
        ("core", True),
        ("é.ü", True),
        ("", False),
        ("core.", False),
        ("core.a-b", False),
        ("core.class", False),
        ("core.2d", False),
        ("core/tensor", False),
    ],
)
def test_a_dotted_name_is_one_that_can_be_imported(text: str, importable: bool) -> None:
    assert is_dotted_name(text) == importable
