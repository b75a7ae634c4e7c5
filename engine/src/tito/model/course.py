"""The resolved set of tiers. A course that exists fits together: it checks itself on construction."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from tito.errors import CourseError
from tito.model.finding import Finding
from tito.model.tier import Milestone, Module, Tier


@dataclass(frozen=True)
class Course:
    """Tiers that belong together. Raises CourseError with every problem at once."""

    tiers: tuple[Tier, ...]

    def __post_init__(self) -> None:
        if findings := [*conflicts(self.tiers), *unmet(self.tiers)]:
            raise CourseError(findings)

    @cached_property
    def modules(self) -> tuple[Module, ...]:
        """All modules, in the order in which they are taught."""
        found = (module for tier in self.tiers for module in tier.modules)
        return tuple(sorted(found, key=lambda module: module.number))

    @cached_property
    def milestones(self) -> tuple[Milestone, ...]:
        found = (milestone for tier in self.tiers for milestone in tier.milestones)
        return tuple(sorted(found, key=lambda milestone: (milestone.year, milestone.id)))

    @cached_property
    def by_id(self) -> dict[str, Module]:
        return {module.id: module for module in self.modules}

    @cached_property
    def by_target(self) -> dict[str, Module]:
        return {module.target: module for module in self.modules}

    @cached_property
    def facades(self) -> dict[str, dict[str, Module]]:
        """Facade → name → the module that brings it; started facades are there even when empty."""
        offered: dict[str, dict[str, Module]] = {f: {} for t in self.tiers for f in t.facades}
        for module in self.modules:
            for facade, names in module.exports.items():
                offered[facade].update(dict.fromkeys(names, module))
        return offered

    @cached_property
    def _tier_of(self) -> dict[str, Tier]:
        return {module.id: tier for tier in self.tiers for module in tier.modules}

    def tier_of(self, module: Module) -> Tier:
        return self._tier_of[module.id]

    def owner(self, name: str) -> Module | None:
        """The module of this dotted name, or the one that brings this name to a facade, or in whose
        file it stands; None for a facade as a whole, and for what is not of the course."""
        package, _, last = name.rpartition(".")
        offered = self.facades.get(package, {}).get(last)
        return self.by_target.get(name) or offered or self.by_target.get(package)

    def requirements(self, *ids: str) -> frozenset[str]:
        """The ids of all modules that these need, directly or not, themselves included."""
        found: set[str] = set()
        waiting = list(ids)
        while waiting:
            module = waiting.pop()
            if module not in found:
                found.add(module)
                waiting.extend(self.by_id[module].requires)
        return frozenset(found)


def conflicts(tiers: tuple[Tier, ...]) -> list[Finding]:
    """What cannot be right whatever else is installed: two owners of one thing, and circles."""
    return [*_claims(tiers), *_cycles(tiers)]


def _claims(tiers: Iterable[Tier]) -> Iterator[Finding]:
    """Whatever may have one owner only, and has two."""
    owners: dict[tuple[str, object], str] = {}
    for tier in tiers:
        for claim in _claimed(tier):
            if claim in owners:
                yield _claimed_twice(claim, owners[claim], tier.distribution)
            owners.setdefault(claim, tier.distribution)


def _claimed_twice(claim: tuple[str, object], owner: str, other: str) -> Finding:
    what, value = claim
    where = f"{what} {value!r}"
    if owner == other:
        fix = "change one of the two in the tier's sources"
        return Finding(f"{owner} claims the {what} {value!r} twice", where, fix)
    fix = f"uninstall one of them, for example: pip uninstall {other}"
    return Finding(f"{owner} and {other} both claim the {what} {value!r}", where, fix)


def _claimed(tier: Tier) -> Iterator[tuple[str, object]]:
    yield "tier id", tier.id
    for facade in tier.facades:
        yield "facade", facade
    for module in tier.modules:
        yield "module id", module.id
        yield "module number", module.number
        yield "target", module.target
        for facade, names in module.exports.items():
            for name in names:
                yield "name", f"{facade}.{name}"
    for milestone in tier.milestones:
        yield "milestone id", milestone.id


def unmet(tiers: tuple[Tier, ...]) -> Iterator[Finding]:
    """What a tier or a module of it needs and the course has not, or not in the right version."""
    by_id = {tier.id: tier for tier in tiers}
    modules = {module.id for tier in tiers for module in tier.modules}
    facades = {facade for tier in tiers for facade in tier.facades}
    for tier in tiers:
        for needed, versions in tier.requires.items():
            if needed not in by_id:
                yield _missing(tier, f"the tier {needed!r}", "which is not installed")
            elif not _satisfies(by_id[needed].version, versions):
                yield _mismatch(tier, by_id[needed], versions)
        if not by_id.keys() >= tier.requires.keys():
            continue  # what its modules lack comes with the tier that is missing
        parts = [(module.id, module.requires) for module in tier.modules]
        parts += [(milestone.id, milestone.requires) for milestone in tier.milestones]
        for part, requires in parts:
            for needed in requires:
                if needed not in modules:
                    yield _missing(tier, f"the module {needed!r}", f"for its {part!r}")
        for module in tier.modules:
            home = module.target.rpartition(".")[0]  # without a facade there, no gate decides
            for facade in dict.fromkeys((home, *module.exports)):
                if facade not in facades:
                    yield _missing(tier, f"the facade {facade!r}", "which no installed tier starts")


def _missing(tier: Tier, what: str, why: str) -> Finding:
    return Finding(
        f"{tier.distribution} {tier.version} requires {what}, {why}",
        where=f"{tier.distribution}: requires",
        fix=f"pip install {tier.distribution}",
    )


def _mismatch(tier: Tier, needed: Tier, versions: str) -> Finding:
    return Finding(
        f"{tier.distribution} {tier.version} requires {needed.distribution} {versions}, "
        f"and {needed.distribution} {needed.version} is installed",
        where=f"{tier.distribution}: requires {needed.id}",
        fix=f"pip install '{needed.distribution}{versions}'",
    )


def _satisfies(version: str, versions: str) -> bool:
    if not versions:
        return True
    from packaging.specifiers import InvalidSpecifier, SpecifierSet  # only ranges pay 20 ms for it
    from packaging.version import InvalidVersion

    try:
        return SpecifierSet(versions).contains(version, prereleases=True)
    except (InvalidSpecifier, InvalidVersion):
        return False


def _cycles(tiers: tuple[Tier, ...]) -> Iterator[Finding]:
    graphs: dict[str, dict[str, tuple[str, ...]]] = {
        "tiers": {tier.id: tuple(tier.requires) for tier in tiers},
        "modules": {module.id: module.requires for tier in tiers for module in tier.modules},
    }
    for what, graph in graphs.items():
        while cycle := _cycle(graph):
            path = " → ".join(cycle)
            graph = {node: needs for node, needs in graph.items() if node not in cycle}
            yield Finding(
                f"these {what} require each other in a circle: {path}",
                where=path,
                fix="remove one of these requirements from its tier.yaml or module.yaml",
            )


def _cycle(graph: dict[str, tuple[str, ...]]) -> tuple[str, ...]:
    """One cycle, as a path that ends where it starts; empty if there is none."""
    done: set[str] = set()

    def walk(node: str, path: tuple[str, ...]) -> tuple[str, ...]:
        if node in path:
            return (*path[path.index(node) :], node)
        if node in done or node not in graph:
            return ()
        done.add(node)
        return next(filter(None, (walk(n, (*path, node)) for n in graph[node])), ())

    return next(filter(None, (walk(node, ()) for node in graph)), ())
