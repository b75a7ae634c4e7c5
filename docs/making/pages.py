"""Writes every page of the site: `pages.py [--without-milestones] PAGES OUTPUTS`.

PAGES is the folder that Sphinx reads, OUTPUTS keeps what lessons and milestones printed until one of
the files that they were run from changes.
"""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

import facts
from lessons import lesson_page
from links import DeadLink, relinked
from milestones import write_milestone
from tito.curriculum.installed import Installed, installed
from tito.errors import TitoError
from tito.model import Tier

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
README = ROOT / "README.md"
OUTSIDE = ("CONTRIBUTING", "RELEASING")  # pages that stand at the root of the repository
README_SECTION = re.compile(r"<!-- README: (?P<title>.+) -->")
WITHOUT_MUTANTS = """
In the repository, `docs/mutants.md` goes on with every mutant that no test can tell from the solution,
and why. They are not on this page, because they show what a solution looks like.
"""
TIER = """\
# {title}

`{distribution}` {version}{requires}

{modules}

{milestones}

```{{toctree}}
:hidden:

{pages}
```
"""


def write_pages(folder: Path, outputs: Path, with_milestones: bool) -> None:
    found = installed()
    if found.findings:
        raise TitoError(found.findings)
    shutil.rmtree(folder, ignore_errors=True)
    write_documents(folder)
    write_course(found, folder)
    for module in found.course().modules:
        page = lesson_page(found, module, outputs)
        (folder / "modules" / f"{module.folder}.ipynb").write_text(page, encoding="utf-8")
    for milestone in found.course().milestones:
        path = folder / "milestones" / f"{milestone.id}.md"
        write_milestone(found, milestone, outputs, path, with_milestones)


def write_course(found: Installed, folder: Path) -> None:
    """What the code says, a page for each tier, and room for what is in them."""
    written = {
        "commands": facts.commands(),
        "hooks": facts.hooks(),
        "errors": facts.errors_and_findings(),
    }
    for each in found.tiers:
        written[f"tiers/{each.tier.order:02d}_{each.tier.id}"] = tier_page(found, each.tier)
    for part in ("tiers", "modules", "milestones"):
        (folder / part).mkdir()
    for name, text in written.items():
        (folder / f"{name}.md").write_text(text, encoding="utf-8")


def documents() -> dict[Path, Path]:
    """A file of the repository → the page that it becomes."""
    pages = {path: path.relative_to(DOCS) for path in DOCS.glob("*.md")}
    pages |= {ROOT / f"{name}.md": Path(f"{name.lower()}.md") for name in OUTSIDE}
    return pages | {DOCS / "tutorial" / "README.md": Path("tutorial.md")}


def beside() -> dict[Path, Path]:
    """Files that pages link to, as they are: the tutorial's."""
    files = (path for path in DOCS.glob("tutorial/m*/*/*") if path.suffix in (".py", ".yaml"))
    return {path: path.relative_to(DOCS) for path in files}


def write_documents(folder: Path) -> None:
    pages, files = documents(), beside()
    links = pages | files | {README: Path("index.md")}
    readme = relinked(README.read_text(encoding="utf-8"), README, links)
    sections = dict(part.split("\n", 1) for part in readme.split("\n## "))
    for path, page in pages.items():
        text = relinked(path.read_text(encoding="utf-8"), path, links)
        text = README_SECTION.sub(lambda match: sections[match["title"]], text)
        if path == DOCS / "reference.md":
            text = facts.with_types(text)
        if path == DOCS / "mutants.md":
            text = text.partition("\n## Equivalent\n")[0] + WITHOUT_MUTANTS
        (folder / page).parent.mkdir(parents=True, exist_ok=True)
        (folder / page).write_text(text, encoding="utf-8")
    for path, copy in files.items():
        (folder / copy).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, folder / copy)


def tier_page(found: Installed, tier: Tier) -> str:
    needed = " and ".join(t.tier.title for t in found.tiers if t.tier.id in tier.requires)
    modules = [
        (f"{m.number:02d}", f"[{m.title}](../modules/{m.folder}.ipynb)", m.summary, m.minutes)
        for m in tier.modules
    ]
    milestones = [
        (m.year, f"[{m.title}](../milestones/{m.id}.md)", m.summary) for m in tier.milestones
    ]
    pages = [f"../modules/{m.folder}" for m in tier.modules]
    pages += [f"../milestones/{m.id}" for m in tier.milestones]
    return TIER.format(
        title=tier.title,
        distribution=tier.distribution,
        version=tier.version,
        requires=f", continues {needed}" if needed else "",
        modules=table(("", "module", "what you build", "minutes"), modules),
        milestones=table(("", "milestone", "what it shows"), milestones),
        pages="\n".join(pages),
    )


def table(head: tuple[str, ...], rows: Sequence[tuple[object, ...]]) -> str:
    lines = [head, ["---"] * len(head), *rows] if rows else []
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)


if __name__ == "__main__":
    try:
        *options, pages, outputs = sys.argv[1:]
        write_pages(Path(pages), Path(outputs), "--without-milestones" not in options)
    except (TitoError, DeadLink) as error:
        sys.exit(str(error))
