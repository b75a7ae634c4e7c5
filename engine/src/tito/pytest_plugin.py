"""Lets plain pytest run the integration tests of installed tiers: `pytest --pyargs tinytorch_core`.

Every pytest of the environment loads this file, so it brings nothing of the engine along until a
test in the `tests` folder of a tier is collected.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tito.composition.gate import Gate

GATE: pytest.StashKey[Gate] = pytest.StashKey()


def pytest_pycollect_makemodule(
    module_path: Path, parent: pytest.Collector
) -> pytest.Collector | None:
    """Stand in for a file that needs a locked module: to import it would only fail."""
    package = _tier_around(module_path)
    return _stand_in(module_path, package, parent) if package else None


def _tier_around(path: Path) -> Path | None:
    """The curriculum folder in whose `tests` the file lies."""
    around = (folder.parent for folder in path.parents if folder.name == "tests")
    return next((folder for folder in around if (folder / "tier.yaml").is_file()), None)


def _stand_in(path: Path, package: Path, parent: pytest.Collector) -> pytest.Collector | None:
    from tito.composition.gate import gate
    from tito.composition.needs import unmet
    from tito.curriculum.installed import installed
    from tito.curriculum.integration import requirements
    from tito.errors import TitoError
    from tito.workspace.find import find_workspace

    try:
        if GATE not in parent.config.stash:
            parent.config.stash[GATE] = gate(installed(), find_workspace())
        here = parent.config.stash[GATE]
        if package.resolve() not in {each.package.resolve() for each in here.installed.tiers}:
            return None
        why = unmet(here, requirements(path), path.name)
    except TitoError as error:
        return _Broken.from_parent(parent, path=path, why=str(error))
    if why is None:
        return None
    return _LeftOut.from_parent(parent, path=path, why=f"{why.message}. Next: {why.fix}")


class _StandIn(pytest.File):
    def __init__(self, *, why: str, **kwargs: Any):
        super().__init__(**kwargs)
        self.why = why


class _Broken(_StandIn):
    """A file of which nobody can say what it needs, or a workspace that cannot be used."""

    def collect(self) -> Iterator[pytest.Item]:
        raise self.CollectError(self.why)


class _LeftOut(_StandIn):
    def collect(self) -> Iterator[pytest.Item]:
        item: pytest.Item = _Skipped.from_parent(self, name="left out")
        item.add_marker(pytest.mark.skip(reason=self.why))
        yield item


class _Skipped(pytest.Item):
    def runtest(self) -> None:
        raise AssertionError("what is marked to be skipped does not run")

    def reportinfo(self) -> tuple[Path, int, str]:
        return self.path, 0, self.name
