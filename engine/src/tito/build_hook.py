"""The hatchling build hook `tito`: makes a tier's wheel complete, and its editable install too."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from hatchling.plugin import hookimpl

from tito.build import GENERATED, build, curriculum_folder
from tito.errors import TitoError


class TitoBuildHook(BuildHookInterface):  # type: ignore[type-arg]
    PLUGIN_NAME = "tito"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile the tier; a wheel also takes in what was made. An sdist holds sources only."""
        if self.target_name != "wheel":
            return
        root = Path(self.root)
        try:
            tier = build(root, self.metadata.name, self.metadata.version).manifest.tier
        except TitoError as error:
            raise SystemExit(str(error)) from None
        if version == "standard":
            package = curriculum_folder(root).name
            generated = root / GENERATED
            build_data["force_include"][f"{generated / tier.namespace}"] = tier.namespace
            build_data["force_include"][f"{generated / 'compiled'}"] = f"{package}/_compiled"


@hookimpl
def hatch_register_build_hook() -> type[BuildHookInterface]:  # type: ignore[type-arg]
    return TitoBuildHook
