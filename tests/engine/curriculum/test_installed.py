"""An installed tier is read from its manifest; one that is stale is noticed, and never used."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from support import OUR_TIERS, a_module, a_tier, edit, forget, install
from tito.build import build
from tito.curriculum.installed import Installed, InstalledTier, installed, read_tier, source_digests
from tito.errors import CourseError, ManifestError, UsageError
from tito.model import Finding
from tito.plugins.loading import Plugins


@pytest.fixture
def built(base: Path, package: Path) -> Path:
    """The curriculum folder of the base course in a checkout, compiled."""
    build(base, "abacus-base", "0.1.0")
    return package


def refused(package: Path) -> str:
    with pytest.raises(ManifestError) as caught:
        read_tier(package)
    [finding] = caught.value.findings
    assert finding.where == str(package)
    assert finding.fix == f"tito dev build {package}"
    return finding.message


def test_a_compiled_tier_is_read_from_its_checkout(base: Path, built: Path) -> None:
    found = read_tier(built)
    counter = found.tier.modules[0]
    assert found.tier.id == "base"
    assert found.reference_file(counter) == base / "_generated/abacus/core/counter.py"
    assert found.reference_file(counter).is_file()
    assert found.lesson_file(counter, ".ipynb").is_file()
    assert found.lesson_file(counter, ".py").is_file()


def test_a_tier_is_read_from_a_wheel_and_may_be_changed_there(base: Path, site: Path) -> None:
    package = install(base, site)
    edit(package / "tier.yaml", "title: Base", "title: Other")
    found = read_tier(package)
    assert found.tier.title == "Base"
    counter = found.tier.modules[0]
    assert found.reference_file(counter) == site / "abacus/core/counter.py"
    assert found.lesson_file(counter, ".py") == package / "_compiled/lessons/counter.py"
    assert found.lesson_file(counter, ".py").is_file()


def append(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"\n")


def remove(path: Path) -> None:
    path.unlink()


SOURCES = [
    "abacus_base/tier.yaml",
    "abacus_base/modules/01_counter/module.yaml",
    "abacus_base/modules/02_total/total_dev.py",
    "abacus_base/milestones/2000_abacus/milestone.yaml",
    "abacus/core/__init__.py",
    "abacus/core/more/__init__.py",
]


@pytest.mark.parametrize("change", [append, remove])
@pytest.mark.parametrize("file", SOURCES)
def test_a_source_that_has_changed_or_gone_is_named(
    built: Path, file: str, change: Callable[[Path], None]
) -> None:
    change(built.parent / file)
    assert f"cannot be used: {file} has changed since it was compiled" in refused(built)


@pytest.mark.parametrize(
    "file",
    [
        "abacus_base/modules/03_new/module.yaml",
        "abacus_base/modules/03_new/new_dev.py",
        "abacus_base/modules/01_counter/other_dev.py",
        "abacus_base/milestones/2001_new/milestone.yaml",
        "abacus/new/__init__.py",
    ],
)
def test_a_source_that_is_new_is_named(built: Path, file: str) -> None:
    path = built.parent / file
    path.parent.mkdir(exist_ok=True)
    path.touch()
    assert f"cannot be used: {file} has changed since it was compiled" in refused(built)


@pytest.mark.parametrize(
    "file",
    ["abacus_base/modules/01_counter/ABOUT.md", "abacus_base/data.npz", "abacus_base/plugin.py"],
)
def test_what_nothing_is_compiled_from_may_change(built: Path, file: str) -> None:
    (built.parent / file).write_text("new")
    assert read_tier(built).tier.id == "base"


def test_building_again_mends_what_is_stale(base: Path, built: Path) -> None:
    edit(built / "tier.yaml", "title: Base", "title: Other")
    assert refused(built)
    build(base, "abacus-base", "0.1.0")
    assert read_tier(built).tier.title == "Other"


def test_every_source_is_recorded_by_its_path_below_src(built: Path) -> None:
    assert source_digests(built).keys() >= set(SOURCES)


def test_a_tier_that_was_never_compiled_or_cannot_be_read_is_refused(
    base: Path, package: Path
) -> None:
    assert refused(package).endswith("it was never compiled")
    manifest = base / "_generated/compiled/manifest.json"
    manifest.parent.mkdir(parents=True)
    manifest.write_bytes(b"\xff")
    assert "its manifest is not UTF-8" in refused(package)
    manifest.write_text("{}")
    with pytest.raises(ManifestError, match="has no format_version"):
        read_tier(package)


def fake(*names: str, findings: tuple[Finding, ...] = ()) -> Installed:
    """Tiers that each require the one before."""
    tiers = []
    for number, name in enumerate(names, 1):
        needs = {names[number - 2]: ""} if number > 1 else {}
        facades = () if needs else ("lib.core",)
        made = a_tier(name, a_module(f"m{number}", number), requires=needs, facades=facades)
        tiers.append(InstalledTier(made, Path(), Path(), Path()))
    return Installed(tuple(tiers), Plugins({}, ()), findings)


@pytest.mark.parametrize(
    ("wanted", "chosen"),
    [
        (None, ["a", "b", "c"]),
        (["c"], ["a", "b", "c"]),
        (["b", "a"], ["a", "b"]),
        ([], []),
    ],
)
def test_a_course_is_the_wanted_tiers_with_all_that_they_require(
    wanted: list[str] | None, chosen: list[str]
) -> None:
    assert [tier.id for tier in fake("a", "b", "c").course(wanted).tiers] == chosen


@pytest.mark.parametrize("name", ["base", "ba", "lib-base"])
def test_a_tier_is_named_by_id_distribution_or_prefix(name: str) -> None:
    assert fake("base", "more").tier_named(name).id == "base"


def test_a_course_takes_ids_alone_and_says_which_was_meant() -> None:
    with pytest.raises(UsageError, match="no tier has the id 'lib-b'; did you mean 'b'"):
        fake("a", "b").course(["lib-b"])


def test_a_tier_that_is_not_installed_is_a_usage_error_that_tells_why() -> None:
    broken = Finding("the tier in lib_b cannot be used")
    with pytest.raises(UsageError) as caught:
        fake("a", findings=(broken,)).course(["b"])
    assert [finding.message for finding in caught.value.findings] == [
        "the tier in lib_b cannot be used",
        "there is no tier 'b'",
    ]


def test_a_course_that_lacks_a_tier_tells_also_why_it_could_not_be_read() -> None:
    broken = Finding("the tier in lib_a cannot be used")
    both = fake("a", "b", findings=(broken,))
    one = Installed(both.tiers[1:], both.plugins, both.findings)
    with pytest.raises(CourseError) as caught:
        one.course(["b"])
    assert [finding.message for finding in caught.value.findings] == [
        "the tier in lib_a cannot be used",
        "lib-b 1.0 requires the tier 'a', which is not installed",
    ]


def test_what_is_installed_is_found_by_entry_points_and_what_is_broken_is_told(
    base: Path, toy: Path, site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TITO_DISABLE_PLUGINS", OUR_TIERS)
    monkeypatch.syspath_prepend(site)
    install(base, site)
    shutil.rmtree(install(toy, site) / "_compiled")
    found = installed()
    forget("abacus", "toy_tier")
    assert [each.tier.id for each in found.tiers] == ["base"]
    assert found.of("base").package == site / "abacus_base"
    [finding] = found.findings
    assert finding.message == "the tier in toy_tier cannot be used: it was never compiled"


def test_a_manifest_that_the_machine_cannot_read_is_told_with_its_plugin(
    base: Path, site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TITO_DISABLE_PLUGINS", OUR_TIERS)
    monkeypatch.syspath_prepend(site)
    manifest = install(base, site) / "_compiled/manifest.json"
    manifest.unlink()
    manifest.mkdir()
    found = installed()
    forget("abacus")
    [finding] = found.findings
    assert found.tiers == ()
    assert finding.message == "plugin 'abacus' names a tier that cannot be read"
    assert str(manifest) in finding.where


def test_tiers_stand_in_their_order_whatever_their_plugins_are_called(
    base: Path, toy: Path, site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TITO_DISABLE_PLUGINS", OUR_TIERS)
    monkeypatch.syspath_prepend(site)
    edit(toy / "src/toy_tier/tier.yaml", "order: 9", "order: 0")
    install(base, site)
    install(toy, site)
    found = installed()
    forget("abacus", "toy_tier")
    assert [each.tier.id for each in found.tiers] == ["toy", "base"]
