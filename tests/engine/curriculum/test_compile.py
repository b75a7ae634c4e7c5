"""A tier compiles to what its sources say, or to everything that is wrong in them."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import pytest

from support import edit
from tito.curriculum.compile import compile_module, compile_tier
from tito.errors import SourceError
from tito.model import Finding, Task, Tier

Broken = Callable[..., list[Finding]]

SOURCE = "modules/01_counter/counter_dev.py"
CONFIG = "modules/01_counter/module.yaml"


def tier(package: Path) -> Tier:
    return compile_tier(package, "abacus-base", "0.1.0").manifest.tier


def findings(package: Path) -> list[Finding]:
    with pytest.raises(SourceError) as caught:
        compile_tier(package, "abacus-base", "0.1.0")
    return list(caught.value.findings)


def messages(package: Path) -> list[str]:
    return [finding.message for finding in findings(package)]


def test_a_tier_is_what_its_sources_say(package: Path) -> None:
    made = tier(package)
    assert (made.id, made.namespace, made.order) == ("base", "abacus", 1)
    assert (made.distribution, made.version) == ("abacus-base", "0.1.0")
    assert made.successors == ("abacus-more",)
    assert made.facades == ("abacus.core", "abacus.core.more")
    assert [module.folder for module in made.modules] == ["01_counter", "02_total"]
    [milestone] = made.milestones
    assert (milestone.id, milestone.year, milestone.requires) == (
        "2000_abacus",
        2000,
        ("counter", "total"),
    )


def test_a_module_is_what_its_source_says(package: Path) -> None:
    total = tier(package).modules[1]
    assert (total.number, total.requires, total.minutes) == (2, ("counter",), 5)
    assert total.target == "abacus.core.total"
    assert total.exports == {"abacus.core": ("total",), "abacus.core.more": ("total", "mean")}
    assert total.names == ("total", "mean")
    assert total.imports == ("abacus.core.Counter",)
    assert total.tasks == (
        Task("total-total", "2.1", "total"),
        Task("total-mean", "2.2", "mean"),
    )
    tests = [(test.id, test.title, test.points) for test in total.tests]
    assert tests == [
        ("test-total-total", "total", 30),
        ("test-total-mean", "mean", 30),
        ("test-total-together", "Total together", 40),
    ]
    assert total.hints.keys() == {"total-total", "total-mean"}


def test_imports_of_the_courses_namespace_are_recorded_by_full_names(package: Path) -> None:
    lines = ["import abacus.core as torch, os", "from abacus.core.counter import _x, counter as c"]
    added = "\n".join(lines) + "\n\ndef later():\n    from abacus import core\n"
    path = package / "modules/02_total/total_dev.py"
    edit(path, "from abacus.core import Counter\n", added + "    from abacus.core import Counter\n")
    edit(path, "#| default_exp core.total\n", "#| default_exp core.total\nimport abacuses\n")
    assert tier(package).modules[1].imports == (
        "abacus.core",
        "abacus.core.Counter",
        "abacus.core.counter._x",
        "abacus.core.counter.counter",
    )


def rewrite(package: Path, change: Callable[[bytes], bytes]) -> None:
    for pattern in ("*.yaml", "*_dev.py"):
        for path in package.rglob(pattern):
            path.write_bytes(change(path.read_bytes()))


@pytest.mark.parametrize(
    "change",
    [
        lambda data: data.replace(b"\n", b"\r\n"),
        lambda data: b"\xef\xbb\xbf" + data,
        lambda data: b"\xef\xbb\xbf" + data.replace(b"\n", b"\r\n"),
        lambda data: data.rstrip(b"\n"),
    ],
    ids=["CRLF", "BOM", "both", "no newline at the end"],
)
def test_line_endings_and_a_byte_order_mark_change_nothing(
    package: Path, change: Callable[[bytes], bytes]
) -> None:
    before = tier(package)
    rewrite(package, change)
    assert tier(package) == before


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("self.value += 1", "self.value += 2"),
        ("# It costs nothing.", "# It costs much."),
        ('"points": 60', '"points": 60, "locked": false'),
    ],
)
def test_a_change_of_a_module_changes_its_digest_and_no_other(
    package: Path, old: str, new: str
) -> None:
    before = {module.id: module.digest for module in tier(package).modules}
    edit(package / SOURCE, old, new)
    after = {module.id: module.digest for module in tier(package).modules}
    assert [module for module in before if before[module] != after[module]] == ["counter"]


def test_the_version_is_no_part_of_what_was_compiled(package: Path) -> None:
    new = compile_tier(package, "abacus-base", "0.2.0").manifest.tier
    assert {**asdict(new), "version": "0.1.0"} == asdict(tier(package))


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("1_counter", "the module folder '1_counter' is not named like '01_tensor'"),
        ("01-counter", "the module folder '01-counter' is not named like '01_tensor'"),
        ("01_Counter", "the module folder '01_Counter' is not named like '01_tensor'"),
        ("counter", "the module folder 'counter' is not named like '01_tensor'"),
        ("01_other", "the module has no source"),
        ("02_counter", "abacus-base claims the module number 2 twice"),
    ],
)
def test_a_folder_with_a_wrong_name_is_found(package: Path, name: str, message: str) -> None:
    shutil.move(package / "modules/01_counter", package / "modules" / name)
    assert message in messages(package)


def test_what_editors_leave_behind_is_no_module(package: Path) -> None:
    for name in ("modules/.ipynb_checkpoints", "milestones/__pycache__"):
        (package / name).mkdir()
    (package / "modules/README.md").write_text("no folder")
    assert len(tier(package).modules) == 2


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"x = '\xff'", "the source cannot be read: 'utf-8' codec can't decode"),
        (b"# -*- coding: latin-1 -*-\nx = 1", "jupytext cannot read this as a percent script"),
    ],
)
def test_a_source_that_cannot_be_read_is_found(package: Path, data: bytes, message: str) -> None:
    (package / SOURCE).write_bytes(data)
    [finding] = findings(package)
    assert finding.message.startswith(message)
    assert "counter_dev.py" in finding.where


@pytest.mark.parametrize(
    ("file", "old", "new", "message", "where"),
    [
        ("tier.yaml", "order: 1", "order: one", "tier.yaml has str where int belongs", ": order"),
        (
            "tier.yaml",
            "namespace: abacus",
            "namespace: my-abacus",
            "the namespace 'my-abacus' is no name that Python can import",
            ": namespace",
        ),
        (
            "tier.yaml",
            "namespace: abacus",
            "namespace: abacus.base",
            "the namespace 'abacus.base' is no name that Python can import",
            ": namespace",
        ),
        (
            "tier.yaml",
            "order: 1",
            "order: 1\nrequires: {first: '~1'}",
            "'~1' is no range of versions",
            ": requires.first",
        ),
        (CONFIG, "title: Counter", "titel: Counter", "has an unknown key titel", ": titel"),
        (CONFIG, "minutes: 5", "minutes: [}", "module.yaml is not YAML", "module.yaml:6"),
        (
            CONFIG,
            "core: [Counter, counter]",
            "cores: [Counter, counter]",
            "requires the facade 'abacus.cores', which no installed tier starts",
            "requires",
        ),
        (
            CONFIG,
            "core: [Counter, counter]",
            "core: [Counter, Counter]",
            "abacus-base claims the name 'abacus.core.Counter' twice",
            "name 'abacus.core.Counter'",
        ),
        (
            "modules/02_total/module.yaml",
            "requires: [counter]",
            "requires: [total]",
            "these modules require each other in a circle: total → total",
            "total → total",
        ),
        (
            "milestones/2000_abacus/milestone.yaml",
            "year: 2000",
            "year: '2000'",
            "milestone.yaml has str where int belongs: year",
            ": year",
        ),
    ],
)
def test_what_is_wrong_in_a_yaml_file_is_found_at_its_key(
    broken: Broken, file: str, old: str, new: str, message: str, where: str
) -> None:
    [finding] = [each for each in broken(file, old, new) if message in each.message]
    assert finding.where.endswith(where)


def test_a_target_that_two_modules_claim_is_found(package: Path) -> None:
    folder = package / "modules/02_total"
    edit(folder / "module.yaml", "target: core.total", "target: core.counter")
    edit(folder / "total_dev.py", "#| default_exp core.total", "#| default_exp core.counter")
    assert messages(package) == ["abacus-base claims the target 'abacus.core.counter' twice"]


@pytest.mark.parametrize(
    ("file", "message"),
    [
        ("tier.yaml", "tier.yaml is missing"),
        (CONFIG, "module.yaml is missing"),
        (SOURCE, "the module has no source"),
        ("milestones/2000_abacus/milestone.yaml", "milestone.yaml is missing"),
        ("milestones/2000_abacus/milestone.py", "the milestone has no program"),
        ("milestones/2000_abacus/ABOUT.md", "the milestone has no page"),
    ],
)
def test_a_file_that_is_missing_is_found(package: Path, file: str, message: str) -> None:
    (package / file).unlink()
    [finding] = [each for each in findings(package) if each.message == message]
    assert finding.where == str(package / file)


def test_a_stray_init_that_would_hide_every_tier_is_found(package: Path) -> None:
    stray = package.parent / "abacus/__init__.py"
    stray.touch()
    [finding] = findings(package)
    assert finding.message == "a stray __init__.py hides every tier of abacus"
    assert finding.where == str(stray)
    assert finding.fix.startswith("delete it")


def test_an_integration_test_that_does_not_say_what_it_needs_is_found(package: Path) -> None:
    path = package / "tests" / "test_alone.py"
    edit(path, 'REQUIRES = ("counter",)', "REQUIRES = counter")
    (finding,) = findings(package)
    assert "test_alone.py has a REQUIRES that is no list" in finding.message
    assert finding.where == f"{path}:5"


def test_everything_that_is_wrong_in_a_tier_is_said_at_once(package: Path) -> None:
    edit(package / "tier.yaml", "namespace: abacus", "namespace: abacus\nrequires: {first: one}")
    edit(package / SOURCE, "#| export", "#| exports")
    edit(package / "modules/02_total/total_dev.py", '"points": 40', '"points": 41')
    edit(package / "milestones/2000_abacus/milestone.yaml", "year: 2000", "year: now")
    (package / "modules/03_new").mkdir()
    found = messages(package)
    for part in (
        "'one' is no range of versions",
        "unknown directive '#| exports'",
        "add up to 101, not 100",
        "has str where int belongs: year",
        "module.yaml is missing",
    ):
        assert any(part in message for message in found), part


def test_a_stray_init_is_said_beside_what_is_wrong_in_a_module(package: Path) -> None:
    (package.parent / "abacus/__init__.py").touch()
    edit(package / SOURCE, '"points": 60', '"points": 61')
    assert len(findings(package)) == 2


def test_one_module_compiles_on_its_own(package: Path) -> None:
    compiled = compile_module(package / "modules/01_counter", "abacus")
    assert compiled.module == tier(package).modules[0]
    assert compiled.draft.file == "counter_dev.py"
