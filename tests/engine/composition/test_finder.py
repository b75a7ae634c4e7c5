"""Wherever tiers are installed and in whatever order, each module comes from its one right file."""

from __future__ import annotations

import shutil
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from itertools import permutations
from os import pathsep
from pathlib import Path

import pytest

from support import (
    OUR_TIERS,
    Learner,
    Run,
    describe,
    edit,
    finish,
    install,
    install_editable,
    project,
    run,
    tito,
)
from tito.composition.finder import Finder, finder

FILES = "\n".join(
    (
        "import sys, abacus.core, abacus.more",
        "from abacus.core import Counter, total, tally",
        "from abacus.more import Tally",
        "for name in ('core.counter', 'core.total', 'more.tally'):",
        "    print(sys.modules[f'abacus.{name}'].__file__)",
    )
)


def python(code: str, *folders: Path, cwd: Path, **variables: str) -> Run:
    """Run code where these folders are what is installed."""
    paths = pathsep.join(str(folder) for folder in folders)
    more = {"TITO_DISABLE_PLUGINS": OUR_TIERS, "TITO_WORKSPACE": "", **variables}
    return run(sys.executable, "-P", "-c", code, cwd=cwd, PYTHONPATH=paths, **more)


def files(*folders: Path, cwd: Path) -> list[Path]:
    """The files of the modules counter, total and tally."""
    shown = python(FILES, *folders, cwd=cwd)
    assert shown.code == 0, shown.err
    return [Path(line) for line in shown.out.splitlines()]


def fresh(folder: Path) -> Path:
    folder.mkdir()
    return folder


@pytest.fixture
def wheel(base: Path, site: Path) -> list[Path]:
    install(base, site)
    return [site]


@pytest.fixture
def other_wheel(second: Path, tmp_path: Path) -> list[Path]:
    folder = fresh(tmp_path / "other-site")
    install(second, folder)
    return [folder]


@pytest.fixture
def editable(base: Path, tmp_path: Path) -> list[Path]:
    return install_editable(base, fresh(tmp_path / "info"))


@pytest.fixture
def other_editable(second: Path, tmp_path: Path) -> list[Path]:
    return install_editable(second, fresh(tmp_path / "other-info"))


@pytest.mark.parametrize("first", ["wheel", "editable"])
@pytest.mark.parametrize("then", ["other_wheel", "other_editable"])
def test_wheels_and_editables_compose_in_every_mix_and_order(
    first: str, then: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """A wheel's portion is its site folder; an editable one's, the second of its three."""
    here: list[Path] = request.getfixturevalue(first)
    there: list[Path] = request.getfixturevalue(then)
    left, right = (folders[len(folders) // 2] for folders in (here, there))
    expected = [
        left / "abacus" / "core" / "counter.py",
        left / "abacus" / "core" / "total.py",
        right / "abacus" / "more" / "tally.py",
    ]
    assert files(*here, *there, cwd=tmp_path) == expected
    assert files(*there, *here, cwd=tmp_path) == expected


def test_the_order_of_an_editables_folders_does_not_matter(
    editable: list[Path], other_wheel: list[Path], tmp_path: Path
) -> None:
    orders = [(*order, *other_wheel) for order in permutations(editable)]
    assert len({tuple(files(*order, cwd=tmp_path)) for order in orders}) == 1


def test_both_tiers_as_wheels_in_one_folder(wheel: list[Path], second: Path) -> None:
    install(second, wheel[0])
    assert files(*wheel, cwd=second) == [
        wheel[0] / "abacus" / folder / f"{name}.py"
        for folder, name in (("core", "counter"), ("core", "total"), ("more", "tally"))
    ]


def test_removing_the_second_tier_leaves_the_first_working(
    wheel: list[Path], other_editable: list[Path], tmp_path: Path
) -> None:
    assert len(files(*wheel, *other_editable, cwd=tmp_path)) == 3
    for folder in other_editable:
        shutil.rmtree(folder)
    code = (
        "from abacus.core import counter; print(counter(1).count()); from abacus.core import tally"
    )
    shown = python(code, *wheel, *other_editable, cwd=tmp_path)
    assert shown.out == "2\n"
    assert "pip install abacus-more" in shown.err


def touch(path: Path) -> None:
    path.write_text(path.read_text() + "\n", encoding="utf-8")


STALE = {
    "a source changed": (touch, "abacus_base/modules/01_counter/counter_dev.py"),
    "a configuration changed": (touch, "abacus_base/modules/02_total/module.yaml"),
    "a source is gone": (Path.unlink, "abacus_base/modules/01_counter/counter_dev.py"),
    "a facade is new": (
        lambda path: (fresh(path.parent), path.touch()),
        "abacus/new/__init__.py",
    ),
    "the tier changed": (touch, "abacus_base/tier.yaml"),
}


@pytest.mark.parametrize("workspace", ["", "course"])
@pytest.mark.parametrize("what", STALE)
def test_a_stale_editable_build_is_told_with_the_file_and_the_command(
    editable: list[Path], tmp_path: Path, what: str, workspace: str
) -> None:
    change, name = STALE[what]
    change(editable[0] / name)
    fresh(tmp_path / "course")
    (tmp_path / "course" / "tito.toml").write_text('format = 1\ntiers = ["base"]\n')
    code = "import abacus.core"
    shown = python(code, *editable, cwd=tmp_path, TITO_WORKSPACE=workspace)
    assert f"  next:  tito dev build {editable[0] / 'abacus_base'}" in shown.err
    assert f"{name} has changed since it was compiled" in shown.err
    assert "ImportError: abacus.core cannot be composed" in shown.err


def test_building_again_mends_a_stale_editable(editable: list[Path], tmp_path: Path) -> None:
    source = editable[0] / "abacus_base" / "modules" / "01_counter" / "counter_dev.py"
    edit(source, "return Counter(value)", "return Counter(value + 100)")
    show = "from abacus.core import counter; print(counter(1).value)"
    assert "tito dev build" in python(show, *editable, cwd=tmp_path).err
    variables = {"TITO_DISABLE_PLUGINS": OUR_TIERS, "TITO_WORKSPACE": ""}
    paths = pathsep.join(map(str, editable))
    built = tito("dev", "build", cwd=tmp_path, PYTHONPATH=paths, **variables)
    assert built.code == 0, built.err
    assert python(show, *editable, cwd=tmp_path).out == "101\n"


def test_a_stale_second_tier_leaves_the_first_working(
    wheel: list[Path], other_editable: list[Path], tmp_path: Path
) -> None:
    touch(other_editable[0] / "abacus_more" / "modules" / "03_tally" / "tally_dev.py")
    code = "from abacus.core import counter; print(counter(1).count()); import abacus.more"
    shown = python(code, *wheel, *other_editable, cwd=tmp_path)
    assert shown.out == "2\n"
    assert "tally_dev.py has changed" in shown.err
    assert "tito dev build" in shown.err


def rival(second: Path, what: str) -> None:
    """Make the second tier claim something of the first one's."""
    lesson = second / "src" / "abacus_more" / "modules" / "03_tally"
    if what == "target":
        edit(lesson / "module.yaml", "target: more.tally", "target: core.counter")
        edit(lesson / "tally_dev.py", "default_exp more.tally", "default_exp core.counter")
    elif what == "name":
        edit(lesson / "module.yaml", "core: [tally]", "core: [Counter]")
        edit(lesson / "tally_dev.py", "def tally(", "Counter = Counter\n\n\ndef tally(")
    elif what == "module number":
        lesson.rename(lesson.with_name("02_tally"))
    elif what == "module id":
        edit(lesson / "module.yaml", "requires: [counter]", "requires: []")
        (lesson / "tally_dev.py").rename(lesson / "counter_dev.py")
        lesson.rename(lesson.with_name("03_counter"))
    elif what == "tier id":
        edit(second / "src" / "abacus_more" / "tier.yaml", "id: more", "id: base")
        edit(second / "src" / "abacus_more" / "tier.yaml", '  base: ">=0.1,<0.2"', "  {}")
        edit(lesson / "module.yaml", "requires: [counter]", "requires: []")
        edit(lesson / "module.yaml", "  core: [tally]\n", "")


RIVALS = ["target", "name", "module number", "module id", "tier id", "facade"]


@pytest.mark.parametrize("what", RIVALS)
def test_two_tiers_that_claim_one_thing_are_an_error_that_names_both(
    wheel: list[Path], second: Path, tmp_path: Path, what: str
) -> None:
    if what == "facade":
        shutil.copytree(wheel[0] / "abacus" / "core" / "more", second / "src" / "abacus" / "core")
    rival(second, what)
    other = fresh(tmp_path / "other-site")
    install(second, other)
    shown = python("import abacus.core", *wheel, other, cwd=tmp_path)
    assert "ImportError: abacus.core cannot be composed" in shown.err
    assert f"abacus-base and abacus-more both claim the {what} " in shown.err
    assert "pip uninstall abacus-more" in shown.err


FORBIDDEN = [
    "click",
    "pluggy",
    "numpy",
    "jupytext",
    "yaml",
    "nbformat",
    "rich",
    "jinja2",
    "asyncio",
    "hatchling",
    "pytest",
    "importlib_resources",
]


@pytest.mark.parametrize("workspace", ["", "course"])
def test_composing_loads_the_standard_library_and_the_engines_core_alone(
    wheel: list[Path], tmp_path: Path, workspace: str
) -> None:
    someone = Learner(fresh(tmp_path / "course"), wheel[0])
    (someone.root / "tito.toml").write_text('format = 1\ntiers = ["base"]\n')
    finish(someone, "counter", "total")
    code = (
        "import sys, abacus.core; from abacus.core import total; abacus.core.Counter;"
        "dir(abacus.core); hasattr(abacus.core, 'nothing');"
        f"print([name for name in {FORBIDDEN} if name in sys.modules]);"
        "print({n.partition('.')[0] for n in sys.modules} - sys.stdlib_module_names"
        " - {'tito', 'abacus', 'abacus_base', '__main__'} - before)"
    )
    code = f"import sys; before = {{n.partition('.')[0] for n in sys.modules}}; {code}"
    shown = python(code, *wheel, cwd=tmp_path, TITO_WORKSPACE=workspace)
    assert shown.out == "[]\nset()\n", shown.out + shown.err


def slow(made: Finder) -> None:
    time.sleep(0.01)


def test_threads_that_ask_at_once_get_the_same_finder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "meta_path", list(sys.meta_path))
    monkeypatch.setattr(Finder, "__init__", slow)
    with ThreadPoolExecutor(8) as threads:
        asked = [threads.submit(finder) for _ in range(8)]
    assert len({each.result() for each in asked}) == 1
    assert sum(isinstance(candidate, Finder) for candidate in sys.meta_path) == 1


def test_modules_outside_of_composed_packages_are_not_its_business(here: Learner) -> None:
    import_module("abacus.core")
    names = ("abacus", "abacus.core", "json", "abacus_base.plugin", "abacus.corex.counter")
    assert [finder().find_spec(name) for name in names] == [None] * len(names)


PLUGIN = """
import {package}
def tito_tiers():
    return []
"""


@pytest.mark.parametrize("package", ["abacus.core", "abacus.core.more", "abacus.core.counter"])
def test_a_plugin_that_imports_the_course_does_not_hang_it(
    wheel: list[Path], tmp_path: Path, package: str
) -> None:
    other = fresh(tmp_path / "other-site")
    root = project("more-tier", tmp_path)
    describe(root, other)
    fresh(other / "abacus_more")
    (other / "abacus_more" / "plugin.py").write_text(PLUGIN.format(package=package))
    code = "from abacus.core import counter; print(counter(1).count())"
    shown = run(
        sys.executable,
        "-c",
        code,
        cwd=tmp_path,
        timeout=20,
        PYTHONPATH=pathsep.join(map(str, (*wheel, other))),
        TITO_DISABLE_PLUGINS=OUR_TIERS,
    )
    assert shown.out == "2\n", shown.err


@pytest.fixture
def extended(second: Path, here: Learner) -> Learner:
    """The learner of both tiers, where tally extends counter, and imports total, as counter doesn't."""
    settings = second / "src" / "abacus_more" / "modules" / "03_tally" / "module.yaml"
    edit(settings, "requires: [counter]", "requires: [counter, total]\nextends: counter")
    source = settings.with_name("tally_dev.py")
    imports = "from abacus.core import Counter\n"
    edit(source, imports, f"{imports}from abacus.core.more import mean\n")
    install(second, here.site)
    edit(here.root / "tito.toml", '"base"', '"base", "more"')
    finish(here, "counter", "total")
    return here


LOADED = "import sys, abacus.core.{}; print('abacus.more.tally' in sys.modules)"


def own_tally(here: Learner) -> None:
    (here.root / "abacus" / "more").mkdir()
    shutil.copy(here.site / "abacus" / "more" / "tally.py", here.root / "abacus" / "more")


def test_an_extension_is_loaded_with_what_it_extends_once_it_is_complete(extended: Learner) -> None:
    assert extended.python(LOADED.format("counter")).out == "False\n"
    own_tally(extended)
    assert extended.python(LOADED.format("counter")).out == "True\n"
    assert extended.python(LOADED.format("total")).out == "True\n"


def test_a_module_under_test_sees_only_the_extensions_that_it_requires(extended: Learner) -> None:
    own_tally(extended)
    shown = extended.python(LOADED.format("counter"), TITO_UNDER_TEST="total")
    assert shown.out == "False\n", shown.err


def test_an_extension_that_imports_a_locked_module_waits_for_it(extended: Learner) -> None:
    own_tally(extended)
    (extended.root / "abacus/core/total.py").unlink()
    assert extended.python(LOADED.format("counter")).out == "False\n"


def test_an_extension_that_fails_is_not_forgotten(extended: Learner) -> None:
    """In a notebook the same cell is run again: it must not work then without the extension."""
    own_tally(extended)
    path = extended.root / "abacus/more/tally.py"
    path.write_text(path.read_text() + "\nif True: raise OSError('no tally today')\n")
    code = (
        "for ask in range(3):\n"
        "    try: from abacus.core import total\n"
        "    except OSError as error: print(error)\n"
    )
    assert extended.python(code).out == "no tally today\n" * 3


def test_an_extension_is_loaded_again_with_what_it_extends(extended: Learner) -> None:
    own_tally(extended)
    code = (
        "import importlib, sys, abacus.core.counter; from abacus.more import Tally; "
        "importlib.reload(sys.modules['abacus.core.counter']); "
        "import abacus.core, abacus.more; "
        "print(issubclass(Tally, abacus.core.Counter), "
        "issubclass(abacus.more.Tally, abacus.core.Counter))"
    )
    shown = extended.python(code)
    assert shown.out == "False True\n", shown.err


def test_extension_and_what_it_extends_can_be_imported_by_two_threads(extended: Learner) -> None:
    own_tally(extended)
    code = (
        "import sys, threading; sys.setswitchinterval(1e-6); import abacus.core, abacus.more\n"
        "barrier, done = threading.Barrier(2), []\n"
        "def first(): barrier.wait(); from abacus.core import Counter; done.append(Counter)\n"
        "def second(): barrier.wait(); from abacus.more import Tally; done.append(Tally)\n"
        "threads = [threading.Thread(target=work) for work in (first, second)]\n"
        "for each in threads: each.start()\n"
        "for each in threads: each.join(20)\n"
        "print(len(done))"
    )
    for _ in range(5):
        shown = extended.python(code)
        assert shown.out == "2\n", shown.err
