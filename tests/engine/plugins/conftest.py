"""Plugins made for one test, found as any installed plugin is: by their entry points."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from support import OUR_TIERS, forget

Plug = Callable[..., None]


@pytest.fixture
def plug(site: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Plug]:
    """Install a plugin: `plug("name", code)`. Plugins of this machine are switched off."""
    monkeypatch.syspath_prepend(site)
    monkeypatch.setenv("TITO_DISABLE_PLUGINS", f"engine,{OUR_TIERS}")

    def install(name: str, code: str, *, entry: str = "", distribution: str = "") -> None:
        distribution = distribution or f"dist-{name}"
        module = f"plugin_{distribution.replace('-', '_')}"
        (site / f"{module}.py").write_text(code, encoding="utf-8")
        info = site / f"{distribution.replace('-', '_')}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1\n")
        (info / "entry_points.txt").write_text(f"[tito]\n{name} = {module}{entry}\n")

    yield install
    forget("plugin_")
