"""What to say when a name cannot be had: which module builds it, and the command to type next."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tito.composition.gate import Gate
from tito.model import Module, Tier


def locked(gate: Gate, module: Module, what: str) -> str:
    """Guidance for a name whose module the learner has still to complete."""
    title = f"module {module.number:02d} {module.title} ({module.id})"
    if module.id == gate.under_test:
        return (
            f"{what} is what {title} builds, and that module is under test: "
            f"use the name from its own notebook instead of importing it."
        )
    tier = gate.course.tier_of(module)
    return (
        f"{what} is not there yet: you build it in {title} of the tier {tier.title} "
        f"({tier.distribution}). Next: {command(gate, module)}"
    )


def command(gate: Gate, module: Module) -> str:
    """The command that brings a locked module nearer to being complete."""
    started = gate.workspace and gate.workspace.folder(module).is_dir()
    return f"tito module {'complete' if started else 'start'} {module.id}"


def explain(gate: Gate, package: str, name: str) -> str:
    """Why `package.name` cannot be had now."""
    module = gate.course.facades.get(package, {}).get(name)
    if module is None:
        return unknown(gate, package, name)
    what, file = f"{package}.{name}", gate.file(module)
    return lacking(gate, module, what, file) if file else locked(gate, module, what)


def lacking(gate: Gate, module: Module, what: str, file: Path) -> str:
    """Guidance for a name that is missing in the file of its module."""
    if gate.is_provided(module):
        mend = f"pip install --force-reinstall {gate.course.tier_of(module).distribution}"
    else:
        mend = f"tito module reset {module.id} --tests, then: tito module complete {module.id}"
    return f"{what} belongs to {file}, and that file does not define it. Next: {mend}"


def not_started(gate: Gate, package: str) -> str:
    """Guidance for a package that composes itself, and whose tier cannot be used."""
    head = f"{package} cannot be composed: no tier that can be used starts it"
    return "\n".join([head, *map(str, gate.installed.findings)])


def unknown(gate: Gate, package: str, name: str) -> str:
    """Guidance for a name that no module of the course builds.

    A name that looks like another may all the same be one that a later tier brings: both are said.
    """
    what = f"{package} has no {name!r}"
    if elsewhere := _other_owner(gate, package, name):
        return f"{what} in this workspace; {elsewhere}"
    from difflib import get_close_matches  # only a missing name pays for it

    if close := get_close_matches(name, gate.course.facades.get(package, {}), n=1):
        what += f"; did you mean {close[0]!r}?"
    if gate.installed.findings:
        reasons = "\n".join(map(str, gate.installed.findings))
        return f"{what}\nNot all that is installed can be used:\n{reasons}"
    if following := gate.installed.following(gate.course.tiers):
        commands = " or ".join(f"pip install {distribution}" for distribution in following)
        return f"{what}\nNo installed tier builds it; the course continues with: {commands}"
    return f"{what}\nNo tier of this course builds it. See what there is: tito namespace --names"


def left_out(gate: Gate, target: str) -> str:
    """Guidance for a module of an installed tier that the workspace leaves out; empty for others."""
    for tier, module in _left_out(gate):
        if module.target == target:
            return f"{target} is not part of this workspace; {_to_add(tier, module)}"
    return ""


def no_module(gate: Gate, name: str) -> tuple[str, str]:
    """(why there is no module of this id, what to do next)"""
    for tier, module in _left_out(gate):
        if module.id == name:
            why = f"it needs {name!r}, which is not part of this workspace"
            return f"{why}; {_built(tier, module)}", f"tito tier add {tier.id}"
    why = f"it needs {name!r}, a module that no installed tier has"
    return why, "tito namespace shows every module that there is"


def _other_owner(gate: Gate, package: str, name: str) -> str:
    """How to get a name that an installed tier has which the workspace leaves out."""
    for tier, module in _left_out(gate):
        if name in module.exports.get(package, ()):
            return _to_add(tier, module)
    return ""


def _left_out(gate: Gate) -> Iterator[tuple[Tier, Module]]:
    tiers = (found.tier for found in gate.installed.tiers if found.tier not in gate.course.tiers)
    return ((tier, module) for tier in tiers for module in tier.modules)


def _to_add(tier: Tier, module: Module) -> str:
    return f"{_built(tier, module)}. Next: tito tier add {tier.id}"


def _built(tier: Tier, module: Module) -> str:
    return f"the installed tier {tier.title} builds it in module {module.id}"
