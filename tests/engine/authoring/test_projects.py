"""An author's projects are found, built, and checked alone and among what is installed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from support import OUR_TIERS, edit, forget, install, project
from tito.authoring.projects import (
    build_project,
    check_project,
    editable_projects,
    lessons,
    metadata,
    project_root,
)
from tito.curriculum.installed import installed
from tito.errors import CourseError, SourceError, TitoError, UsageError

SOURCE = "src/abacus_base/modules/02_total/total_dev.py"


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch, site: Path) -> Iterator[None]:
    """Nothing is installed but the engine and what a test puts into the site."""
    monkeypatch.setenv("TITO_DISABLE_PLUGINS", OUR_TIERS)
    monkeypatch.syspath_prepend(site)
    yield
    forget("abacus", "toy_tier", "plugin_")


@pytest.mark.parametrize(
    "inside", [".", "src", "src/abacus_base/modules/01_counter", "src/abacus_base/tier.yaml", "no"]
)
def test_a_project_is_found_from_anything_in_it(base: Path, inside: str) -> None:
    assert project_root(base / inside) == base


def test_a_project_is_found_from_the_current_folder(
    base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(base / "src")
    assert project_root(Path()) == base


def test_where_no_project_is_the_path_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        project_root(tmp_path)
    assert caught.value.findings[0].where == str(tmp_path)


def test_name_and_version_are_those_of_the_project(base: Path) -> None:
    assert metadata(base) == ("abacus-base", "0.1.0")


@pytest.mark.parametrize("text", ["", "[project]\nname = 'x'", "[project", "\udcff"])
def test_a_project_without_name_and_version_is_told(base: Path, text: str) -> None:
    (base / "pyproject.toml").write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(TitoError, match="gives no name and version") as caught:
        metadata(base)
    assert caught.value.findings[0].where == str(base / "pyproject.toml")


def test_a_project_is_built_with_its_own_name(base: Path) -> None:
    tier = build_project(base / "src/abacus_base").manifest.tier
    assert (tier.distribution, tier.version) == ("abacus-base", "0.1.0")
    assert (base / "_generated/compiled/manifest.json").is_file()


def test_lessons_come_in_the_order_in_which_they_are_taught(base: Path, site: Path) -> None:
    more = project("more-tier", base.parent / "more")
    install(base, site)
    install(more, site)
    expected = ["counter", "total", "tally"]
    assert [module.id for module, _ in lessons(installed(), [more, base], [])] == expected
    named = lessons(installed(), [more, base], ["tally", "counter"])
    assert [module.id for module, _ in named] == ["counter", "tally"]


def test_a_project_that_does_not_compile_is_not_built(base: Path) -> None:
    edit(base / SOURCE, '"points": 40', '"points": 41')
    with pytest.raises(SourceError):
        build_project(base)
    assert not (base / "_generated").exists()


def test_a_sound_project_has_no_findings_and_is_only_looked_at(base: Path) -> None:
    before = sorted(base.rglob("*"))
    assert list(check_project(base)) == []
    assert sorted(base.rglob("*")) == before


def test_everything_that_does_not_compile_is_told(base: Path) -> None:
    edit(base / SOURCE, '"points": 40', '"points": 41')
    edit(base / "src/abacus_base/modules/01_counter/module.yaml", "minutes: 5", "minutes: many")
    messages = [finding.message for finding in check_project(base)]
    assert len(messages) == 2


def test_an_import_that_is_not_required_is_found_by_the_engines_own_check(base: Path) -> None:
    edit(
        base / "src/abacus_base/modules/02_total/module.yaml", "requires: [counter]", "requires: []"
    )
    [finding] = check_project(base)
    message = "total imports abacus.core.Counter, which counter builds and total does not require"
    assert finding.message == message


def test_a_tier_is_checked_among_the_installed_ones_in_place_of_its_older_self(
    base: Path, toy: Path, site: Path
) -> None:
    install(base, site)
    assert list(check_project(base)) == []
    folder = base / "src/abacus_base"
    edit(folder / "tier.yaml", "id: base", "id: fork")
    with pytest.raises(CourseError) as caught:
        list(check_project(base))
    messages = [finding.message for finding in caught.value.findings]
    assert "abacus-base claims the module id 'counter' twice" in messages


def test_the_checks_of_other_plugins_are_asked_and_one_that_fails_is_told(
    base: Path, site: Path
) -> None:
    (site / "plugin_checks.py").write_text(
        "from tito.model import Finding\n"
        "def tito_module_checks(module, folder):\n"
        "    if module.id == 'total': raise ValueError('no')\n"
        "    return [Finding(f'{module.id} in {folder.name}')]\n"
    )
    info = site / "checks-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: checks\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[tito]\nchecks = plugin_checks\n")
    first, second = check_project(base)
    assert first.message == "counter in 01_counter"
    assert second.message == "plugin 'checks' failed: ValueError: no"


def test_projects_are_the_tiers_that_are_installed_in_editable_mode(
    base: Path, toy: Path, site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(toy, site)
    assert editable_projects() == []
    monkeypatch.syspath_prepend(base / "src")
    info = base / "src/abacus_base-0.1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: abacus-base\nVersion: 0.1.0\n")
    (info / "entry_points.txt").write_text("[tito]\nabacus = abacus_base.plugin\n")
    assert editable_projects() == [base]
