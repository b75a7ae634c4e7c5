"""The build backend: hatchling, which in a checkout takes the engine and other tiers from next door.

Nothing else differs from a build out of an sdist. Only what `pip install` resolves from names their
folders; a wheel asks for the published ones, or it could be installed nowhere else, and so does an
editable install, whose engine is meant to be editable too: pip install -e engine -e packages/…

A backend must lie in the project's own folder, so every tier has this same file.
"""

import re
from pathlib import Path

from hatchling import build
from hatchling.builders.wheel import WheelBuilder

CHECKOUT = Path(__file__).resolve().parents[2]

build_sdist = build.build_sdist
build_wheel = build.build_wheel
build_editable = build.build_editable
get_requires_for_build_sdist = build.get_requires_for_build_sdist


def get_requires_for_build_wheel(config_settings=None):
    return [_next_door(each) for each in build.get_requires_for_build_wheel(config_settings)]


def get_requires_for_build_editable(config_settings=None):
    return [_next_door(each) for each in build.get_requires_for_build_editable(config_settings)]


def prepare_metadata_for_build_wheel(metadata_directory, config_settings=None):
    builder = WheelBuilder(str(Path.cwd()))
    folder = Path(metadata_directory, f"{builder.artifact_project_id}.dist-info")
    folder.mkdir(exist_ok=True)
    text = builder.config.core_metadata_constructor(builder.metadata)
    lines = [_next_door(line, "Requires-Dist: ") for line in text.split("\n")]
    (folder / "METADATA").write_text("\n".join(lines), encoding="utf-8")
    return folder.name


def _next_door(requirement, key=""):
    """The requirement, or with the same name the folder in this checkout that brings it."""
    name = re.match(r"tinytorch-[a-z]+", requirement.removeprefix(key))
    if not requirement.startswith(key) or not name:
        return requirement
    for folder in (CHECKOUT / "engine", CHECKOUT / "packages" / name[0]):
        project = folder / "pyproject.toml"
        if project.is_file() and f'name = "{name[0]}"' in project.read_text(encoding="utf-8"):
            return f"{key}{name[0]} @ {folder.as_uri()}"
    return requirement
