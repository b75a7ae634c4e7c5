"""A milestone's page: what it re-creates, the pictures that it draws, and what it says meanwhile."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from kept import digest, kept
from lessons import sources
from tito.curriculum.installed import Installed
from tito.errors import SourceError
from tito.learner.run import environment
from tito.model import Finding, Milestone

MOST_SECONDS = 1800.0
RUN = """
## Its pictures

{pictures}

## What it says

On the reference library; on yours, `tito milestone run {id}` says it.

```text
{printed}
```
"""
NOT_RUN = """
:::{{note}}
These pages were made without running milestones: `tito milestone run {id}` shows the rest.
:::
"""


def write_milestone(
    found: Installed, milestone: Milestone, outputs: Path, page: Path, run: bool
) -> None:
    """The page, and beside it a folder with the pictures."""
    folder = milestone_folder(found, milestone)
    text = (folder / "ABOUT.md").read_text(encoding="utf-8")
    if run:
        made = kept(outputs, name_of(found, milestone, folder), lambda: what_it_makes(folder))
        pictures = []
        for name, picture in made["pictures"].items():
            path = page.with_suffix("") / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(picture, encoding="utf-8")
            pictures.append(f"![{path.stem}]({milestone.id}/{name})")
        text += RUN.format(
            pictures="\n\n".join(pictures), id=milestone.id, printed=made["printed"].strip()
        )
    else:
        text += NOT_RUN.format(id=milestone.id)
    page.write_text(text, encoding="utf-8")


def milestone_folder(found: Installed, milestone: Milestone) -> Path:
    (tier,) = (each for each in found.tiers if milestone in each.tier.milestones)
    return tier.package / "milestones" / milestone.id


def name_of(found: Installed, milestone: Milestone, folder: Path) -> str:
    """It changes with the milestone, what its tier and those before share, and the modules."""
    shared = [path for each in found.tiers for path in sorted(each.package.glob("*.py"))]
    own = sorted(folder.glob("*.py"))
    return f"{milestone.id}-{digest([*own, *shared, *sources(found, *milestone.requires)])}"


def what_it_makes(folder: Path) -> dict[str, object]:
    """What it prints, and its pictures: name → SVG."""
    print(f"running milestone {folder.name} …", flush=True)
    with tempfile.TemporaryDirectory() as place:
        ran = subprocess.run(
            [sys.executable, folder / "milestone.py"],
            cwd=place,
            env=environment(None) | {"PYTHONSAFEPATH": ""},  # it imports the files beside it
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=MOST_SECONDS,
            encoding="utf-8",
        )
        if ran.returncode:
            raise SourceError(Finding(f"it fails: {ran.stdout[-2000:]}", folder.name))
        drawn = sorted(Path(place).glob("*.svg"))
        pictures = {path.name: path.read_text(encoding="utf-8") for path in drawn}
    return {"printed": ran.stdout, "pictures": pictures}
