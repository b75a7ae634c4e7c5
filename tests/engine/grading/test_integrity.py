"""What tests rely on is compared with what it was, by identity, and put back."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tito.grading import integrity, memory
from tito.grading.integrity import Given, Snapshot
from tito.grading.memory import Dicts, Functions, real_dict

SOURCE = """
class Base:
    def method(self): return 1
def function(a=1, *, b=2): return a
def decorated(inner):
    def outer(): return inner()
    return outer
wrapped = decorated(function)
constant = 3
"""


@pytest.fixture(params=[True, False], ids=["by memory", "by value"])
def module(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """A module to change, compared in either way."""
    monkeypatch.setattr(integrity, "KNOWN", request.param and memory.KNOWN)
    made = ModuleType("relied_on")
    exec(SOURCE, vars(made))
    made.Base.__module__ = "relied_on"
    monkeypatch.setitem(sys.modules, "relied_on", made)
    return made


def test_the_memory_is_as_we_think_on_this_python() -> None:
    assert memory.KNOWN


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ("m.function = len", "relied_on.function"),
        ("del m.function", "relied_on.function"),
        ("m.Base.method = len", "relied_on.Base.method"),
        ("m.Base.__eq__ = len", "relied_on.Base.__eq__"),
        ("m.function.__code__ = (lambda a, *, b: 5).__code__", "the code of relied_on.function"),
        ("m.function.__defaults__ = (7,)", "the code of relied_on.function"),
        ("m.function.__kwdefaults__ = {}", "the code of relied_on.function"),
        (
            "m.wrapped.__closure__[0].cell_contents.__defaults__ = ()",
            "the code of relied_on.function",
        ),
        ("sys.modules['relied_on'] = sys", "relied_on"),
    ],
)
def test_a_change_is_told_once_and_undone(module: ModuleType, change: str, says: str) -> None:
    kept = (module.function, module.function.__code__, module.Base.method, vars(module.Base).keys())
    snapshot = Snapshot(["relied_on"])
    assert snapshot.restore(()) == []
    exec(change, {"m": module, "sys": sys})
    assert says in snapshot.restore(())
    assert snapshot.restore(()) == []
    now = (module.function, module.function.__code__, module.Base.method, vars(module.Base).keys())
    assert now == kept
    assert sys.modules["relied_on"] is module


def test_what_may_change_and_what_is_new_stay(module: ModuleType) -> None:
    snapshot = Snapshot(["relied_on"])
    module.Base.backward = len
    module.new = len
    module.constant = 4
    assert snapshot.restore({"backward"}) == []
    assert (module.Base.backward, module.new, module.constant) == (len, len, 4)


def test_an_object_that_equals_everything_is_not_what_was_there(module: ModuleType) -> None:
    class Same:
        def __eq__(self, other: object) -> bool:
            return True

        def __call__(self) -> None: ...

    snapshot = Snapshot(["relied_on"])
    module.function = Same()
    assert snapshot.restore(()) == ["relied_on.function"]


def test_what_watches_code_is_told(module: ModuleType) -> None:
    snapshot = Snapshot(["relied_on"])
    finder = object()
    sys.meta_path.append(finder)
    try:
        assert snapshot.restore(()) == ["sys.meta_path"]
    finally:
        sys.meta_path.remove(finder)


def test_given_names_are_kept(module: ModuleType) -> None:
    scope: dict[str, Any] = {"helper": module.function, "other": 1}
    held = Given(Snapshot(["relied_on"]))
    held.learn(["helper", "missing"], scope)
    scope["helper"] = len
    scope["other"] = 2
    assert held.restore(scope, ()) == ["helper"]
    assert scope == {"helper": module.function, "other": 2}


@given(st.lists(st.tuples(st.sampled_from("abcdefgh"), st.integers() | st.none()), max_size=30))
def test_every_write_to_a_dict_is_seen_and_no_reading(writes: list[tuple[str, int | None]]) -> None:
    watched: dict[str, Any] = {"a": object(), "b": object()}
    dicts = Dicts([{}, watched, {"x": 1}])
    for key, value in writes:
        assert dicts.written() == []
        before = dict(watched)
        if value is None:
            watched.pop(key, None)
        else:
            watched[key] = [value]  # a new object each time
        assert watched.get("a") is watched.get("a")
        differs = before.keys() != watched.keys() or any(
            before[k] is not watched[k] for k in before
        )
        assert (1 in dicts.written()) == differs
        dicts.look_again()


def test_a_class_has_a_real_dict() -> None:
    class A:
        x = 1

    assert real_dict(vars(A))["x"] == 1
    dicts = Dicts([real_dict(vars(A))])
    A.x = 2
    assert dicts.written() == [0]


def test_calling_a_function_is_no_change_to_it() -> None:
    def function(a: int = 1) -> int:
        return a

    watched = Functions([function])
    for _ in range(1000):
        function()
    assert not watched.written()
    function.__defaults__ = (2,)
    assert watched.written()
