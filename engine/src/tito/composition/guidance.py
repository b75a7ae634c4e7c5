"""What to say when a name cannot be had: which module builds it, and the command to type next."""

from __future__ import annotations

from tito.composition.gate import Gate
from tito.model import Module


def locked(gate: Gate, module: Module, what: str) -> str:
    """Guidance for a name whose module the learner has still to complete."""
    title = f"module {module.number:02d} {module.title} ({module.id})"
    if module.id == gate.under_test:
        return (
            f"{what} is what {title} builds, and that module is under test: "
            f"use the name from its own notebook instead of importing it."
        )
    started = gate.workspace and gate.workspace.folder(module).is_dir()
    command = f"tito module {'complete' if started else 'start'} {module.id}"
    tier = gate.course.tier_of(module)
    return (
        f"{what} is not there yet: you build it in {title} of the tier {tier.title} "
        f"({tier.distribution}). Next: {command}"
    )


def explain(gate: Gate, package: str, name: str) -> str:
    """Why `package.name` cannot be had now."""
    module = gate.course.facades.get(package, {}).get(name)
    return locked(gate, module, f"{package}.{name}") if module else unknown(gate, package, name)


def unknown(gate: Gate, package: str, name: str) -> str:
    """Guidance for a name that no module of the course builds."""
    what = f"{package} has no {name!r}"
    from difflib import get_close_matches  # only a missing name pays for it

    close = get_close_matches(name, gate.course.facades.get(package, {}), n=1)
    if close:
        return f"{what}; did you mean {close[0]!r}?"
    if elsewhere := _other_owner(gate, package, name):
        return f"{what} in this workspace; {elsewhere}"
    present = {found.tier.distribution for found in gate.installed.tiers}
    following = {
        distribution: tier.title
        for tier in gate.course.tiers
        for distribution in tier.successors
        if distribution not in present
    }
    if following:
        commands = " or ".join(f"pip install {distribution}" for distribution in following)
        return f"{what}. No installed tier builds it; the course continues with: {commands}"
    return f"{what}, and no tier of this course builds it. See what there is: tito namespace"


def _other_owner(gate: Gate, package: str, name: str) -> str:
    """An installed tier that has the name, although the workspace does not take part in it."""
    for found in gate.installed.tiers:
        for module in found.tier.modules:
            if found.tier not in gate.course.tiers and name in module.exports.get(package, ()):
                return (
                    f"the installed tier {found.tier.title} builds it in module {module.id}. "
                    f"Add {found.tier.id!r} to tiers in tito.toml"
                )
    return ""
