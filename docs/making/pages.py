"""Writes every page of the site: `pages.py [--without-milestones] PAGES OUTPUTS`.

PAGES is the folder that Sphinx reads, OUTPUTS keeps what lessons and milestones printed until one of
the files that they were run from changes.
"""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path

import facts
from lessons import lesson_page
from links import DeadLink, relinked
from milestones import write_milestone

from tito.curriculum.installed import Installed, InstalledTier, installed
from tito.errors import TitoError

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
README = ROOT / "README.md"
OUTSIDE = ("CONTRIBUTING", "RELEASING")  # pages that stand at the root of the repository
README_SECTION = re.compile(r"<!-- README: (?P<title>.+) -->")
WITHOUT_MUTANTS = """
In the repository, `docs/mutants.md` goes on with every mutant that no test can tell from the solution, and
why. They are not on this page, because they show what a solution looks like.
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
    for name, text in {
        "commands": facts.commands(),
        "hooks": facts.hooks(),
        "errors": facts.errors_and_findings(),
    }.items():
        (folder / f"{name}.md").write_text(text, encoding="utf-8")
    for part in ("tiers", "modules", "milestones"):
        (folder / part).mkdir()
    for tier in found.tiers:
        path = folder / "tiers" / f"{tier.tier.order:02d}_{tier.tier.id}.md"
        path.write_text(tier_page(found, tier), encoding="utf-8")
    for module in found.course().modules:
        page = lesson_page(found, module, outputs)
        (folder / "modules" / f"{module.folder}.ipynb").write_text(page, encoding="utf-8")
    for milestone in found.course().milestones:
        path = folder / "milestones" / f"{milestone.id}.md"
        write_milestone(found, milestone, outputs, path, with_milestones)


def documents() -> dict[Path, Path]:
    """A file of the repository → the page that it becomes."""
    written = [*DOCS.glob("*.md"), *DOCS.glob("tutorial/*.md")]
    pages = {path: path.relative_to(DOCS) for path in written}
    return pages | {ROOT / f"{name}.md": Path(f"{name.lower()}.md") for name in OUTSIDE}


def write_documents(folder: Path) -> None:
    pages = documents()
    links = pages | {README: Path("index.md")}
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


def tier_page(found: Installed, installed_tier: InstalledTier) -> str:
    tier = installed_tier.tier
    needed = [found.of(name).tier.title for name in tier.requires]
    requires = f", continues {' and '.join(needed)}" if needed else ""
    rows = [
        f"| {m.number:02d} | [{m.title}](../modules/{m.folder}.ipynb) | {m.summary} | {m.minutes} |"
        for m in tier.modules
    ]
    modules = ["| | module | what you build | minutes |", "| --- | --- | --- | --- |", *rows]
    rows = [
        f"| {m.year} | [{m.title}](../milestones/{m.id}.md) | {m.summary} |"
        for m in tier.milestones
    ]
    milestones = ["| | milestone | what it shows |", "| --- | --- | --- |", *rows] if rows else []
    pages = [f"../modules/{m.folder}" for m in tier.modules]
    pages += [f"../milestones/{m.id}" for m in tier.milestones]
    return TIER.format(
        title=tier.title,
        distribution=tier.distribution,
        version=tier.version,
        requires=requires,
        modules="\n".join(modules),
        milestones="\n".join(milestones),
        pages="\n".join(pages),
    )


if __name__ == "__main__":
    try:
        *options, pages, outputs = sys.argv[1:]
        write_pages(Path(pages), Path(outputs), "--without-milestones" not in options)
    except (TitoError, DeadLink) as error:
        sys.exit(str(error))
