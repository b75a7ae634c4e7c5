"""A tier's manifest: one JSON file, the compiled form of everything its sources say.

The annotations of the model's dataclasses are the schema; nothing is listed twice.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from tito.curriculum.structure import Mismatch, structure
from tito.errors import ManifestError
from tito.model import Finding, Tier

FORMAT_VERSION = 1


@dataclass(frozen=True, slots=True)
class Manifest:
    """`sources` maps each source file, relative to `src`, to its SHA-256."""

    format_version: int
    tier: Tier
    sources: dict[str, str]


def dump(manifest: Manifest) -> str:
    return json.dumps(asdict(manifest), indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def load(text: str, where: str) -> Manifest:
    """Raises ManifestError for anything but a manifest of this format version."""
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _unreadable(f"is not JSON: {error}", where) from None
    version = data.get("format_version") if isinstance(data, dict) else None
    if not isinstance(version, int) or isinstance(version, bool):
        raise _unreadable("has no format_version", where)
    if version != FORMAT_VERSION:
        raise ManifestError(_wrong_version(version, where))
    try:
        manifest: Manifest = structure(Manifest, data, "")
        return manifest
    except Mismatch as error:
        raise _unreadable(str(error), where) from None


def _unreadable(problem: str, where: str) -> ManifestError:
    fix = "install the tier again, or in a checkout run: tito dev build"
    return ManifestError(Finding(f"the tier's manifest {problem}", where, fix))


def _wrong_version(version: int, where: str) -> Finding:
    if version > FORMAT_VERSION:
        side, fix = "newer than this engine reads", "pip install --upgrade tinytorch-engine"
    else:
        side, fix = "older than this engine reads", "update the tier's distribution with pip"
    return Finding(
        f"the tier's manifest has format_version {version}, {side} ({FORMAT_VERSION})", where, fix
    )
