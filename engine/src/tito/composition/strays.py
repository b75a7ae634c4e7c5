"""Files that hide the namespace from Python: a foreign `tinytorch`, or a stray `__init__.py`."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from shlex import quote

from tito.errors import WorkspaceError
from tito.model import Course, Finding, Workspace
from tito.workspace.find import here


def refuse_strays(course: Course, workspace: Workspace | None, *folders: Path) -> None:
    """Raises WorkspaceError if code that runs in one of these folders would not see the course."""
    if findings := list(strays(course, workspace, *folders)):
        raise WorkspaceError(findings)


def strays_everywhere(course: Course, workspace: Workspace | None) -> Iterator[Finding]:
    """What would hide a namespace here, or in any folder in which the workspace's code runs."""
    folders = list(filter(None, [here()]))
    if workspace:
        folders += [workspace.folder(module) for module in course.modules]
        folders += [workspace.root / "milestones" / milestone.id for milestone in course.milestones]
    return strays(course, workspace, *folders)


def strays(course: Course, workspace: Workspace | None, *folders: Path) -> Iterator[Finding]:
    """What hides a namespace on `sys.path`, in the workspace, or in these folders."""
    roots = [*folders, *([workspace.root] if workspace else []), *map(Path, sys.path)]
    for namespace in sorted({tier.namespace for tier in course.tiers}):
        for path in dict.fromkeys(_hiding(namespace, roots)):
            yield _finding(namespace, path)
    if workspace:
        for facade in course.facades:
            for path in _hiding(facade, [workspace.root]):
                yield _finding(facade, path)


def _hiding(name: str, roots: Iterable[Path]) -> Iterator[Path]:
    """The files in these folders that Python would take for the package of this dotted name."""
    for root in roots:
        package = root.joinpath(*name.split("."))
        for path in (package / "__init__.py", package.with_suffix(".py")):
            if path.exists():
                yield path.resolve()


def _finding(name: str, path: Path) -> Finding:
    distribution = _distribution(path)
    if distribution:
        message = (
            f"the distribution {distribution} brings a {name!r} of its own, which hides the course"
        )
        return Finding(message, str(path), f"pip uninstall {distribution}")
    return Finding(
        f"this file hides the course's {name!r} from Python", str(path), f"rm {quote(str(path))}"
    )


def _distribution(path: Path) -> str:
    """The installed distribution that the file belongs to; empty if none claims it."""
    from importlib.metadata import distributions

    for distribution in distributions():
        for file in distribution.files or ():
            if (
                file.name == path.name
                and Path(str(distribution.locate_file(file))).resolve() == path
            ):
                return distribution.metadata["Name"]
    return ""
