"""A build makes everything that is generated, the same each time, or leaves all as it was."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import nbformat
import pytest

from support import ROOT, edit, project
from tito.build import GENERATED, build, curriculum_folder, facade_stub
from tito.curriculum.compile import compile_tier
from tito.curriculum.manifest import load
from tito.curriculum.stamp import stamped_module
from tito.errors import SourceError, TitoError
from tito.model import Tier

SOURCE = "src/abacus_base/modules/01_counter/counter_dev.py"


def make(root: Path) -> Tier:
    return build(root, "abacus-base", "0.1.0").manifest.tier


def tree(root: Path) -> dict[str, bytes]:
    """Every generated file, by its path, with its bytes."""
    folder = root / GENERATED
    found = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}


def test_a_build_makes_the_reference_the_stubs_the_lessons_and_the_manifest(base: Path) -> None:
    make(base)
    assert sorted(tree(base)) == [
        "abacus/core/__init__.pyi",
        "abacus/core/counter.py",
        "abacus/core/more/__init__.pyi",
        "abacus/core/more/py.typed",
        "abacus/core/py.typed",
        "abacus/core/total.py",
        "compiled/lessons/counter.ipynb",
        "compiled/lessons/counter.py",
        "compiled/lessons/total.ipynb",
        "compiled/lessons/total.py",
        "compiled/manifest.json",
    ]


@pytest.mark.parametrize("name", ["base-tier", "toy-tier"])
def test_building_twice_anywhere_gives_the_same_bytes(tmp_path: Path, name: str) -> None:
    made = []
    for folder in ("here", "there/and/elsewhere"):
        root = project(name, tmp_path / folder)
        for _ in "12":
            build(root, name, "0.1.0")
            made.append(tree(root))
    assert made[0] == made[1] == made[2] == made[3]


def test_line_endings_of_the_sources_change_nothing_that_is_made_of_them(base: Path) -> None:
    make(base)
    before = tree(base)
    for path in [*base.rglob("*_dev.py"), *base.rglob("*.yaml")]:
        path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    make(base)
    after = tree(base)
    assert [name for name in before if before[name] != after[name]] == ["compiled/manifest.json"]


def test_the_manifest_is_written_last_so_that_a_build_cut_short_is_noticed(base: Path) -> None:
    make(base)
    files = [path for path in (base / GENERATED).rglob("*") if path.is_file()]
    newest = max(files, key=lambda path: path.stat().st_mtime_ns)
    assert newest.stat().st_mtime_ns == (
        (base / GENERATED / "compiled/manifest.json").stat().st_mtime_ns
    )


def test_what_was_made_of_a_module_that_is_gone_goes_too(base: Path) -> None:
    make(base)
    edit(base / "src/abacus_base/modules/02_total/module.yaml", "core.total", "core.more.sums")
    source = base / "src/abacus_base/modules/02_total/total_dev.py"
    edit(source, "#| default_exp core.total", "#| default_exp core.more.sums")
    make(base)
    assert "abacus/core/total.py" not in tree(base)
    assert "abacus/core/more/sums.py" in tree(base)


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        (SOURCE, '"points": 60', '"points": 59'),
        (SOURCE, "class Counter:", "class Counter("),
        ("src/abacus_base/tier.yaml", "order: 1", "order: one"),
    ],
)
def test_a_build_that_finds_an_error_leaves_the_old_one_untouched(
    base: Path, file: str, old: str, new: str
) -> None:
    make(base)
    before = tree(base)
    edit(base / file, old, new)
    with pytest.raises(SourceError):
        make(base)
    assert tree(base) == before


def test_the_manifest_is_what_was_compiled(base: Path) -> None:
    compiled = build(base, "abacus-base", "0.1.0")
    text = (base / GENERATED / "compiled/manifest.json").read_text(encoding="utf-8")
    assert load(text, "manifest.json") == compiled.manifest
    assert (
        compiled.manifest == compile_tier(curriculum_folder(base), "abacus-base", "0.1.0").manifest
    )


def test_a_reference_says_what_it_was_made_from_and_solves_its_tasks(base: Path) -> None:
    make(base)
    text = (base / GENERATED / "abacus/core/counter.py").read_text(encoding="utf-8")
    assert stamped_module(text.split("\n")[0]) == "counter"
    assert "counter_dev.py" in text.split("\n")[0]
    names: dict[str, object] = {}
    exec(text, names)
    assert eval("counter(2).count()", names) == 3
    assert names["__all__"] == ["Counter", "counter"]


@pytest.mark.parametrize("name", ["counter", "total"])
def test_lessons_are_handed_out_without_solutions(base: Path, name: str) -> None:
    make(base)
    for suffix in (".ipynb", ".py"):
        path = base / GENERATED / f"compiled/lessons/{name}{suffix}"
        text = path.read_text(encoding="utf-8")
        assert "NotImplementedError" in text
        assert "BEGIN SOLUTION" not in text
        assert "HIDDEN TESTS" not in text
        assert "\r" not in text
    nbformat.validate(json.loads(path.with_suffix(".ipynb").read_text(encoding="utf-8")), version=4)


@pytest.mark.parametrize(
    ("facade", "names"),
    [
        ("abacus.core", {"Counter", "counter", "total", "more"}),
        ("abacus.core.more", {"total", "mean"}),
    ],
)
def test_a_facades_stub_lists_its_names_and_subpackages(
    base: Path, facade: str, names: set[str]
) -> None:
    stub = facade_stub(make(base), facade)
    assert stub == tree(base)[f"{facade.replace('.', '/')}/__init__.pyi"].decode()
    imports = [node for node in ast.parse(stub).body if isinstance(node, ast.ImportFrom)]
    aliases = [alias for node in imports[1:] for alias in node.names]
    assert {alias.name for alias in aliases} == names
    assert all(alias.asname == alias.name for alias in aliases)  # else it is no re-export
    modules = {node.module for node in imports[1:]}
    assert modules <= {"abacus.core", "abacus.core.counter", "abacus.core.total"}


def test_whatever_other_tiers_offer_is_any(base: Path) -> None:
    stub = ast.parse(facade_stub(make(base), "abacus.core"))
    [function] = [node for node in stub.body if isinstance(node, ast.FunctionDef)]
    assert (function.name, ast.unparse(function.returns or stub)) == ("__getattr__", "Any")


def test_the_folder_of_a_curriculum_is_the_one_with_a_tier_yaml(base: Path) -> None:
    assert curriculum_folder(base) == base / "src/abacus_base"
    (base / "src/other").mkdir()
    (base / "src/other/tier.yaml").touch()
    with pytest.raises(TitoError, match=r"has one src/\*/tier.yaml; here are 2"):
        curriculum_folder(base)
    with pytest.raises(TitoError, match="here are 0"):
        curriculum_folder(ROOT)
