"""What the tests share: tiers that are installed without pip, and the real command in a process."""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import os
import shutil
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from unittest import mock

import click

from tito import cli
from tito.authoring.solve import solved
from tito.build import GENERATED, build, curriculum_folder
from tito.model import Module, Tier

ROOT = Path(__file__).parents[1]


def settings(root: Path) -> dict[str, Any]:
    """What the project in this folder tells under [project]."""
    text = (root / "pyproject.toml").read_text(encoding="utf-8")
    return dict(tomllib.loads(text)["project"])


def entry_points(settings: dict[str, Any]) -> dict[str, str]:
    return dict(settings["entry-points"]["tito"])


# What to give to TITO_DISABLE_PLUGINS where the tiers of this repository are not wanted.
OUR_TIERS = ",".join(
    name
    for path in ROOT.glob("packages/*/pyproject.toml")
    for name in entry_points(settings(path.parent))
)


@dataclass(frozen=True)
class Run:
    """How a command ended: exit code, standard output, standard error."""

    code: int
    out: str
    err: str


def environment(**variables: str) -> dict[str, str]:
    """This process's environment without what a developer's shell may say to tito."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("TITO_")}
    return {**kept, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{kept['PATH']}", **variables}


def run(*command: object, cwd: Path, timeout: float = 600, **variables: str) -> Run:
    """Run a command to its end, with stdin closed; variables join its environment."""
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env=environment(**variables),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=timeout,
    )
    return Run(done.returncode, done.stdout, done.stderr)


def tito(*arguments: object, cwd: Path, **variables: str) -> Run:
    """Run the real command in a process of its own."""
    return run(sys.executable, "-m", "tito", *arguments, cwd=cwd, **variables)


def install(root: Path, site: Path) -> Path:
    """Put a tier's project into the folder `site` as its wheel would, and return its package.

    The distribution's name, version and plugin come from pyproject.toml.
    """
    project = describe(root, site)
    tier = build(root, project["name"], project["version"]).manifest.tier
    package = site / curriculum_folder(root).name
    shutil.copytree(curriculum_folder(root), package)
    shutil.copytree(root / "src" / tier.namespace, site / tier.namespace, dirs_exist_ok=True)
    generated = root / GENERATED
    shutil.copytree(generated / tier.namespace, site / tier.namespace, dirs_exist_ok=True)
    shutil.copytree(generated / "compiled", package / "_compiled")
    return package


def install_editable(root: Path, site: Path) -> list[Path]:
    """Build a tier's project where it is, and return the folders that an editable install adds.

    `site`, the last of them, gets what tells of the distribution.
    """
    project = describe(root, site)
    build(root, project["name"], project["version"])
    return [root / "src", root / GENERATED, site]


def describe(root: Path, site: Path) -> dict[str, Any]:
    """Write the project's dist-info into the folder `site`; returns its pyproject's `[project]`."""
    project = settings(root)
    name, version = project["name"], project["version"]
    info = site / f"{name.replace('-', '_')}-{version}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    lines = "".join(f"{entry} = {value}\n" for entry, value in entry_points(project).items())
    (info / "entry_points.txt").write_text(f"[tito]\n{lines}")
    return project


def project(name: str, folder: Path) -> Path:
    """A copy, to change at will, of the project `name` of tests/data."""
    copy = folder / name
    ignore = shutil.ignore_patterns(GENERATED, "__pycache__")
    shutil.copytree(ROOT / "tests" / "data" / name, copy, ignore=ignore)
    return copy


def edit(path: Path, old: str, new: str) -> None:
    """Replace the one place in a file where `old` stands."""
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {path.name}"
    path.write_text(text.replace(old, new), encoding="utf-8")


@dataclass(frozen=True)
class Learner:
    """Someone in a workspace of the base course. Other tiers of this machine are switched off."""

    root: Path
    site: Path

    def tito(self, *arguments: object, **variables: str) -> Run:
        return tito(*arguments, cwd=self.root, **self.variables(**variables))

    def python(self, code: str, **variables: str) -> Run:
        return run(sys.executable, "-c", code, cwd=self.root, **self.variables(**variables))

    def variables(self, **more: str) -> dict[str, str]:
        return {"PYTHONPATH": str(self.site), "TITO_DISABLE_PLUGINS": OUR_TIERS, **more}

    def file(self, module: str) -> Path:
        """The learner's notebook: `counter` or `total`."""
        number = {"counter": "01", "total": "02"}[module]
        return self.root / "modules" / f"{number}_{module}" / f"{module}.ipynb"

    def solve(self, module: str) -> None:
        """Start the module, and write our solutions into it."""
        self.tito("module", "start", module, "--force")
        folder = self.site / "abacus_base" / "modules" / self.file(module).parent.name
        self.file(module).write_text(solved(folder), encoding="utf-8")

    def complete(self, *modules: str) -> None:
        for module in modules:
            self.solve(module)
            done = self.tito("module", "complete", module)
            assert done.code == 0, done.out + done.err


def finish(someone: Learner, *modules: str) -> None:
    """Put exports into the workspace, as `tito module complete` leaves them, without running it."""
    own = someone.root / "abacus" / "core"
    own.mkdir(parents=True, exist_ok=True)
    for module in modules:
        shutil.copy(someone.site / "abacus" / "core" / f"{module}.py", own)


def a_module(name: str, number: int, requires: tuple[str, ...] = (), **changes: object) -> Module:
    """A module of the namespace `lib` that exists in memory only; `changes` are its other fields."""
    made = Module(
        id=name,
        number=number,
        title=name.title(),
        summary="",
        requires=requires,
        target=f"lib.core.{name}",
        exports={},
        names=(),
        imports=(),
        minutes=1,
        tasks=(),
        tests=(),
        hints={},
        digest="",
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def a_tier(name: str, *modules: Module, **changes: object) -> Tier:
    """A tier of the distribution `lib-NAME`, in memory only. One that requires none starts a facade."""
    made = Tier(
        id=name,
        title=name.title(),
        namespace="lib",
        order=1,
        distribution=f"lib-{name}",
        version="1.0",
        requires={},
        successors=(),
        facades=() if "requires" in changes else ("lib.core",),
        modules=modules,
        milestones=(),
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def hand_in(someone: Learner, module: str, suffix: str = ".ipynb") -> Path:
    """Put the module with our solutions where the learner's file belongs, without running tito."""
    path = someone.file(module).with_suffix(suffix)
    path.parent.mkdir(parents=True, exist_ok=True)
    folder = someone.site / "abacus_base" / "modules" / path.parent.name
    path.write_text(solved(folder, suffix), encoding="utf-8")
    return path


def put_first(path: Path, code: str) -> None:
    """Add a code cell in front of a learner's notebook or percent script."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".py":
        path.write_text(text.replace("# %%", f"# %%\n{code}\n\n# %%", 1), encoding="utf-8")
        return
    notebook = json.loads(text)
    cell = {"cell_type": "code", "id": "mine", "metadata": {}, "outputs": [], "source": code}
    notebook["cells"].insert(0, {**cell, "execution_count": None})
    path.write_text(json.dumps(notebook), encoding="utf-8")


def wait_until_gone(process: int) -> None:
    """Wait for the end of a process that is not our child; a zombie that nobody fetched has ended."""
    stat = Path(f"/proc/{process}/stat")
    end = time.monotonic() + 20
    while time.monotonic() < end:
        try:
            os.kill(process, 0)
            if stat.exists() and stat.read_text().rpartition(")")[2].split()[0] == "Z":
                return
        except (ProcessLookupError, FileNotFoundError):
            return
        time.sleep(0.02)
    raise AssertionError(f"process {process} still runs")


def forget(*starts: str) -> None:
    """Let this process forget the modules whose names start so, as if it never imported them."""
    for name in [name for name in sys.modules if name.startswith(starts)]:
        del sys.modules[name]


class Typist(Learner):
    """A learner whose commands run in this process: the same code, ten times as fast."""

    def tito(self, *arguments: object, **variables: str) -> Run:
        """Run the command, and forget afterwards what it imported from the learner's site."""
        out, err, modules = io.StringIO(), io.StringIO(), set(sys.modules)
        vars(cli.tito).pop("_plugin_commands", None)
        importlib.invalidate_caches()
        with (
            mock.patch.dict(os.environ, environment(**self.variables(**variables)), clear=True),
            mock.patch.object(sys, "path", [str(self.site), *sys.path]),
            mock.patch.object(sys, "stdin", io.StringIO()),
            contextlib.chdir(self.root),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
        ):
            code = _exit_code([str(argument) for argument in arguments])
        for name in set(sys.modules) - modules:
            if str(self.site) in str(getattr(sys.modules[name], "__file__", "")):
                del sys.modules[name]
        return Run(code, out.getvalue(), err.getvalue())

    def process(self, *arguments: object, **variables: str) -> Run:
        """Run the real command in a process of its own."""
        return super().tito(*arguments, **variables)


def _exit_code(arguments: list[str]) -> int:
    try:
        return cli.run(arguments)
    except SystemExit as end:
        return int(end.code or 0)


def leaves(
    command: click.Command, path: tuple[str, ...] = ()
) -> Iterator[tuple[str, click.Command]]:
    """Every command that does something, under the words that call it."""
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            found = command.get_command(context, name)
            assert found
            yield from leaves(found, (*path, name))
    else:
        yield " ".join(path), command
