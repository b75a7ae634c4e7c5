"""Plain data to dataclasses: their annotations are the schema, so that nothing is listed twice."""

from __future__ import annotations

from dataclasses import MISSING, Field, fields, is_dataclass
from functools import cache
from typing import Any, Literal, get_args, get_origin, get_type_hints


class Mismatch(Exception):
    """The data does not have the annotated type. `key` says where in it."""

    def __init__(self, problem: str, key: str):
        super().__init__(f"{problem} {key}" if key else f"{problem} the whole file")
        self.key = key


def structure(kind: Any, data: Any, key: str) -> Any:
    """`data`, as JSON or YAML gave it, as an instance of the annotated type `kind`.

    Raises Mismatch for a missing or unknown key and for a value of another type.
    """
    shape, item = _shape(kind)
    if shape is None:
        return _dataclass(kind, data, key)
    if shape is Literal:
        return _one_of(item, data, key)
    if shape is tuple:
        values = _typed(list, data, key)
        return tuple([structure(item, value, f"{key}[{n}]") for n, value in enumerate(values)])
    if shape is dict:
        return {k: structure(item, v, _join(key, k)) for k, v in _typed(dict, data, key).items()}
    return _typed(kind, data, key)


@cache
def _shape(kind: Any) -> tuple[Any, Any]:
    """(None for a dataclass, else what it is made of; the annotated type of its items)"""
    if is_dataclass(kind):
        return None, None
    made_of = get_origin(kind)
    if made_of is Literal:
        return Literal, get_args(kind)
    if made_of is dict:
        return dict, get_args(kind)[1]
    return (tuple, get_args(kind)[0]) if made_of is tuple else (kind, None)


def _dataclass(kind: Any, data: Any, key: str) -> Any:
    values = _typed(dict, data, key)
    known = _fields(kind)
    for name in values:
        if name not in known:
            raise Mismatch("has an unknown key", _join(key, name))
    for name, field in known.items():
        if name not in values and field.default is MISSING and field.default_factory is MISSING:
            raise Mismatch("lacks the key", _join(key, name))
    hints = _hints(kind)
    return kind(**{name: structure(hints[name], v, _join(key, name)) for name, v in values.items()})


@cache
def _fields(kind: type) -> dict[str, Field[Any]]:
    return {field.name: field for field in fields(kind)}


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


def _typed(kind: type, data: Any, key: str) -> Any:
    if type(data) is not kind:
        raise Mismatch(f"has {type(data).__name__} where {kind.__name__} belongs:", key)
    if isinstance(data, dict) and not all(type(name) is str for name in data):
        raise Mismatch("has a key that is not text in", key)
    return data


def _one_of(values: tuple[Any, ...], data: Any, key: str) -> Any:
    if not any(data == value and type(data) is type(value) for value in values):
        wanted = " or ".join(map(repr, values))
        raise Mismatch(f"has {data!r} where {wanted} belongs:", key)
    return data


def _join(key: str, name: str) -> str:
    return f"{key}.{name}" if key else name
