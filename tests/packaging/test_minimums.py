"""The lowest versions that the session `minimums` tests are those that the distributions promise."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from packaging.requirements import Requirement
from packaging.version import Version

from support import ROOT, settings

OURS = "tinytorch-"


def promised() -> Iterator[Requirement]:
    """What the engine and the tiers require of others, extras included."""
    for path in (ROOT / "engine", *sorted((ROOT / "packages").glob("*/"))):
        about = settings(path)
        extras = about.get("optional-dependencies", {}).values()
        for text in (*about["dependencies"], *(each for extra in extras for each in extra)):
            if not text.startswith(OURS):
                yield Requirement(text)


def pinned() -> dict[str, Version]:
    text = Path(ROOT / "tests" / "minimums.txt").read_text(encoding="utf-8")
    pins = (line.split("==") for line in text.splitlines() if not line.startswith("#"))
    return {name: Version(version) for name, version in pins}


def test_each_has_a_lower_bound_and_it_is_tested() -> None:
    lowest = {
        each.name: Version(part.version)
        for each in promised()
        for part in each.specifier
        if part.operator == ">="
    }
    assert lowest.keys() == {each.name for each in promised()}
    assert lowest == pinned()
