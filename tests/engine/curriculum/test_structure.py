"""Plain data becomes dataclasses, or a mismatch that names the key's whole path."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import asdict, dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tito.curriculum.structure import Mismatch, structure


@dataclass(frozen=True)
class Leaf:
    name: str
    points: int = 1


@dataclass(frozen=True)
class Tree:
    title: str
    leaves: tuple[Leaf, ...]
    facades: dict[str, tuple[str, ...]] = field(default_factory=dict)
    wet: bool = False


def tree(**changes: Any) -> dict[str, Any]:
    return {"title": "oak", "leaves": [{"name": "a", "points": 2}], **changes}


def test_nested_data_becomes_what_the_annotations_say() -> None:
    made = structure(Tree, tree(facades={"core": ["A", "B"]}, wet=True), "")
    assert made == Tree("oak", (Leaf("a", 2),), {"core": ("A", "B")}, True)


def test_keys_with_a_default_may_be_left_out() -> None:
    made = structure(Tree, {"title": "oak", "leaves": [{"name": "a"}]}, "")
    assert made == Tree("oak", (Leaf("a"),))


@pytest.mark.parametrize(
    ("data", "problem", "key"),
    [
        ([], "has list where dict belongs:", ""),
        (None, "has NoneType where dict belongs:", ""),
        ({"leaves": []}, "lacks the key", "title"),
        (tree(colour=1), "has an unknown key", "colour"),
        (tree(title=1), "has int where str belongs:", "title"),
        (tree(title=None), "has NoneType where str belongs:", "title"),
        (tree(wet=1), "has int where bool belongs:", "wet"),
        (tree(leaves={}), "has dict where list belongs:", "leaves"),
        (tree(leaves="abc"), "has str where list belongs:", "leaves"),
        (tree(leaves=[{"name": "a"}, []]), "has list where dict belongs:", "leaves[1]"),
        (tree(leaves=[{}]), "lacks the key", "leaves[0].name"),
        (tree(leaves=[{"nme": "a"}]), "has an unknown key", "leaves[0].nme"),
        (tree(leaves=[{"name": "a", "points": 1.0}]), "has float where", "leaves[0].points"),
        (tree(leaves=[{"name": "a", "points": True}]), "has bool where", "leaves[0].points"),
        (tree(facades=[]), "has list where dict belongs:", "facades"),
        (tree(facades={"core": "A"}), "has str where list belongs:", "facades.core"),
        (tree(facades={"core": ["A", 2]}), "has int where str belongs:", "facades.core[1]"),
        (tree(facades={1: []}), "has a key that is not text in", "facades"),
        ({1: 2}, "has a key that is not text in", ""),
    ],
)
def test_what_does_not_fit_is_named_by_its_path(data: Any, problem: str, key: str) -> None:
    with pytest.raises(Mismatch) as caught:
        structure(Tree, data, "")
    assert caught.value.key == key
    assert str(caught.value).startswith(problem)
    assert str(caught.value).endswith(f" {key or 'the whole file'}")


TREES = st.builds(Tree, st.text(), st.lists(st.builds(Leaf)).map(tuple), wet=st.booleans())
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.integers(), inner),
)


@given(TREES)
def test_what_was_written_from_the_dataclass_is_read_back_the_same(made: Tree) -> None:
    plain = {**asdict(made), "leaves": [asdict(leaf) for leaf in made.leaves]}
    assert structure(Tree, plain, "") == made


@given(ANYTHING | ANYTHING.map(lambda value: tree(leaves=value)))
def test_any_data_fits_or_is_a_mismatch(data: Any) -> None:
    with suppress(Mismatch):
        assert isinstance(structure(Tree, data, ""), Tree)
