"""Finds what a person meant by a name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeVar

from tito.errors import UsageError
from tito.model.finding import Finding

T = TypeVar("T")


def pick(name: str, things: Mapping[str, T], kind: str, listing: str) -> T:
    """The thing with this name, or the only one whose name starts so.

    Raises UsageError that says what was meant, or which command lists what there is.
    """
    if name in things:
        return things[name]
    matches = {key: thing for key, thing in things.items() if name and key.startswith(name)}
    if len({id(thing) for thing in matches.values()}) == 1:
        return next(iter(matches.values()))
    if matches:
        message = f"{name!r} could be any of: {', '.join(sorted(matches))}"
        raise UsageError(Finding(message, fix="type one more letter"))
    raise UsageError(unknown(name, things, kind, listing))


def unknown(name: str, names: Iterable[str], kind: str, listing: str) -> Finding:
    """That there is no such thing, and the name that looks most like it."""
    close = resembling(name, names)
    hint = f"; did you mean {close!r}?" if close else ""
    return Finding(f"there is no {kind} {name!r}{hint}", fix=f"{listing} shows what there is")


def resembling(name: str, names: Iterable[str]) -> str:
    """That of the names which looks most like this one; empty if none does."""
    from difflib import get_close_matches  # only a typo pays for it

    return next(iter(get_close_matches(name, list(names), n=1, cutoff=0.5)), "")
