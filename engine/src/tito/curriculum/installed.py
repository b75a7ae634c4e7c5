"""The tiers that are installed, read from their manifests, and the course made of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tito.curriculum import manifest
from tito.errors import CourseError, ManifestError, UsageError
from tito.model import Course, Finding, Module, Tier
from tito.names import pick
from tito.plugins.loading import Plugins, load_plugins


@dataclass(frozen=True)
class InstalledTier:
    """A tier and where its files lie.

    `package` is the curriculum folder (sources, milestones, data), `compiled` what the build hook
    made of it, `portion` the folder that holds the reference library's namespace.
    """

    tier: Tier
    package: Path
    compiled: Path
    portion: Path

    def reference_file(self, module: Module) -> Path:
        return self.portion.joinpath(*module.target.split(".")).with_suffix(".py")

    def lesson_file(self, module: Module, suffix: str) -> Path:
        """The module as handed out, `.ipynb` or `.py`."""
        return self.compiled / "lessons" / f"{module.id}{suffix}"


@dataclass(frozen=True)
class Installed:
    """Every tier that can be used, and a finding for each that cannot."""

    tiers: tuple[InstalledTier, ...]
    plugins: Plugins
    findings: tuple[Finding, ...]

    def of(self, tier_id: str) -> InstalledTier:
        return next(found for found in self.tiers if found.tier.id == tier_id)

    def course(self, wanted: Iterable[str] | None = None) -> Course:
        """The wanted tiers (by default all) with everything they require.

        Raises UsageError for a tier that is not installed, CourseError if they do not fit together.
        """
        tiers = tuple(found.tier for found in self.tiers)
        by_id = {tier.id: tier for tier in tiers}
        if wanted is None:
            return self._explained(tiers)
        waiting = [self._exactly(name) for name in wanted]
        chosen: set[str] = set()
        while waiting:
            tier_id = waiting.pop()
            if tier_id in by_id and tier_id not in chosen:
                chosen.add(tier_id)
                waiting.extend(by_id[tier_id].requires)
        return self._explained(tuple(tier for tier in tiers if tier.id in chosen))

    def _exactly(self, name: str) -> str:
        """The tier's id; raises UsageError for anything else, although it may be clear."""
        tier = self.tier_named(name)
        if tier.id != name:
            raise UsageError(Finding(f"no tier has the id {name!r}; did you mean {tier.id!r}?"))
        return name

    def tier_named(self, name: str) -> Tier:
        """The tier of this id or distribution; raises UsageError with what there is."""
        names = {tier.tier.id: tier.tier for tier in self.tiers}
        names |= {tier.tier.distribution: tier.tier for tier in self.tiers}
        try:
            return pick(name, names, "tier", "tito tier list")
        except UsageError as error:
            raise UsageError((*self.findings, *error.findings)) from None

    def following(self, tiers: Iterable[Tier]) -> list[str]:
        """The distributions that continue a course of these tiers and are not installed."""
        present = {found.tier.distribution for found in self.tiers}
        names = (name for tier in tiers for name in tier.successors)
        return [name for name in dict.fromkeys(names) if name not in present]

    def _explained(self, tiers: tuple[Tier, ...]) -> Course:
        """A tier that could not be read is why another one misses it: say both."""
        try:
            return Course(tiers)
        except CourseError as error:
            raise CourseError((*self.findings, *error.findings)) from None


def installed() -> Installed:
    """Read what is installed. Nothing is raised: what is wrong is among the findings."""
    plugins = load_plugins()
    folders, findings = plugins.tier_folders()
    findings = [*plugins.findings, *findings]
    tiers = []
    for name, folder in folders:
        try:
            tiers.append(read_tier(Path(folder)))
        except ManifestError as error:
            findings += error.findings
        except OSError as error:
            findings.append(
                Finding(f"plugin {name!r} names a tier that cannot be read", str(error))
            )
    tiers.sort(key=lambda found: (found.tier.order, found.tier.id))
    return Installed(tuple(tiers), plugins, tuple(findings))


def read_tier(package: Path) -> InstalledTier:
    """The tier of a curriculum folder, from a wheel or from an editable install.

    Raises ManifestError if it was never compiled, or if its sources have changed since.
    """
    compiled, portion = layout(package)
    path = compiled / "manifest.json"
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ManifestError(_stale(package, "it was never compiled")) from None
    except UnicodeDecodeError as error:
        raise ManifestError(_stale(package, f"its manifest is not UTF-8 ({error})")) from None
    read = manifest.load(text, str(path))
    if is_editable(package) and (changed := _changed(package, read.sources)):
        raise ManifestError(_stale(package, f"{changed} has changed since it was compiled"))
    return InstalledTier(read.tier, package, compiled, portion)


def layout(package: Path) -> tuple[Path, Path]:
    """(compiled folder, portion folder): inside the wheel, or in the checkout's `_generated`."""
    if is_editable(package):
        generated = package.parents[1] / "_generated"
        return generated / "compiled", generated
    return package / "_compiled", package.parent


def is_editable(package: Path) -> bool:
    return not (package / "_compiled").is_dir()


def source_files(package: Path) -> Iterator[Path]:
    """The files that the manifest and the reference are compiled from, and the facades' files."""
    yield package / "tier.yaml"
    yield from sorted(package.glob("modules/*/module.yaml"))
    yield from sorted(package.glob("modules/*/*_dev.py"))
    yield from sorted(package.glob("milestones/*/milestone.yaml"))
    facades = package.parent.glob("*/*/**/__init__.py")
    yield from sorted(path for path in facades if package not in path.parents)


def source_digests(package: Path) -> dict[str, str]:
    """Source file, relative to `src` → SHA-256 of its bytes."""
    import hashlib  # 3 ms that only an author pays

    return {
        path.relative_to(package.parent).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in source_files(package)
        if path.is_file()
    }


def _changed(package: Path, recorded: dict[str, str]) -> str:
    """One source that is new, gone or different; empty if none is."""
    present = source_digests(package)
    keys = sorted(recorded.keys() | present.keys())
    return next((key for key in keys if recorded.get(key) != present.get(key)), "")


def _stale(package: Path, why: str) -> Finding:
    return Finding(
        f"the tier in {package.name} cannot be used: {why}",
        where=str(package),
        fix=f"tito dev build {package}",
    )
