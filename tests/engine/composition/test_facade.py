"""A composed package behaves like the package that it stands for, whatever one does with it."""

from __future__ import annotations

import copy
import importlib
import inspect
import os
import pickle
import pydoc
import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from support import Learner, edit, finish, run
from tito.composition.finder import Finder


def core() -> Any:
    return import_module("abacus.core")


def own(learner: Learner, module: str) -> Path:
    return learner.root / "abacus" / "core" / f"{module}.py"


def starred(package: str) -> set[str]:
    names: dict[str, object] = {}
    exec(f"from {package} import *", names)
    return set(names) - {"__builtins__"}


def test_a_star_gives_what_is_open_and_nothing_else(here: Learner) -> None:
    assert starred("abacus.core") == set()
    finish(here, "counter")
    assert starred("abacus.core") == {"Counter", "counter"}
    finish(here, "total")
    assert starred("abacus.core") == {"Counter", "counter", "total"}
    assert starred("abacus.core.more") == {"total", "mean"}


def test_dir_shows_what_is_open_and_the_packages_inside(here: Learner) -> None:
    finish(here, "counter")
    shown = [name for name in dir(core()) if not name.startswith("_")]
    assert shown == ["Counter", "counter", "more"]
    assert all(hasattr(core(), name) for name in dir(core()))


def test_a_name_whose_module_imports_a_locked_one_is_not_there(here: Learner) -> None:
    """hasattr asks, and gets an answer; an import statement fails, and says what to do."""
    finish(here, "total")
    more = import_module("abacus.core.more")
    assert hasattr(core(), "total") is False
    assert hasattr(more, "mean") is False
    assert getattr(more, "mean", None) is None
    assert "total" not in dir(core())
    assert starred("abacus.core") == set()
    for statement in ("from abacus.core import total", "from abacus.core.more import mean"):
        with pytest.raises(ImportError, match="Next: tito module start counter") as caught:
            exec(statement)
        assert "abacus.core.Counter is not there yet" in str(caught.value)
    with pytest.raises(AttributeError, match="Next: tito module start counter"):
        _ = core().total
    finish(here, "counter")
    assert hasattr(core(), "total") is True
    assert "total" in dir(core())


@pytest.mark.parametrize("line", ["import nothing_like_this", "from abacus.core import Contuer"])
def test_another_import_that_fails_is_told_as_it_is(here: Learner, line: str) -> None:
    finish(here, "counter", "total")
    edit(own(here, "total"), "from abacus.core import Counter", f"{line}\nCounter = int")
    for ask in (lambda: hasattr(core(), "total"), lambda: exec("from abacus.core import total")):
        with pytest.raises(ImportError, match=line.rpartition(" ")[2]):
            ask()


def test_code_that_looks_for_a_missing_attribute_is_told_as_it_is(here: Learner) -> None:
    """Python takes an AttributeError for the answer no: it must not get lost on the way."""
    finish(here, "counter")
    path = own(here, "counter")
    path.write_text(path.read_text() + "\nCounter.cuont\n")
    for ask in (
        lambda: hasattr(core(), "counter"),
        lambda: exec("from abacus.core import counter"),
    ):
        with pytest.raises(
            ImportError, match=r"abacus\.core\.counter cannot be.*'cuont'"
        ) as caught:
            ask()
        assert isinstance(caught.value.__cause__, AttributeError)


def test_dir_keeps_what_python_itself_puts_into_packages(here: Learner) -> None:
    assert {"__name__", "__path__", "__file__", "__spec__", "__loader__"} <= set(dir(core()))
    assert Path(core().__file__) == here.site / "abacus" / "core" / "__init__.py"


def test_the_composing_function_is_not_offered(here: Learner) -> None:
    assert "compose" not in dir(core())
    assert "compose" not in starred("abacus.core")


def test_a_facade_offers_the_very_objects_of_its_modules(here: Learner) -> None:
    finish(here, "counter", "total")
    module = import_module("abacus.core.total")
    assert core().total is module.total
    assert import_module("abacus.core.more").total is module.total


def test_names_of_a_second_tier_join_the_first_ones_facade(both: Learner) -> None:
    (both.root / "tito.toml").write_text('format = 1\ntiers = ["more"]\nprovided = ["tally"]\n')
    assert starred("abacus.core") == {"Counter", "counter", "total", "tally"}
    assert core().tally is import_module("abacus.more").tally
    assert issubclass(import_module("abacus.more").Tally, core().Counter)


def test_inspect_shows_the_learners_own_lines(here: Learner) -> None:
    finish(here, "counter")
    edit(own(here, "counter"), "self.value += 1", "self.value = self.value + 1")
    assert "self.value = self.value + 1" in inspect.getsource(core().Counter)
    assert inspect.getmodule(core().Counter) is sys.modules["abacus.core.counter"]


@pytest.mark.parametrize("package", ["abacus.core", "abacus.core.more"])
def test_help_shows_the_names(here: Learner, package: str) -> None:
    finish(here, "counter", "total")
    assert "total(counters" in pydoc.render_doc(import_module(package), renderer=pydoc.plaintext)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_an_instance_is_pickled_and_copied_by_its_module(here: Learner, protocol: int) -> None:
    finish(here, "counter")
    first = core().Counter(7)
    again = pickle.loads(pickle.dumps(first, protocol))
    assert type(again) is core().Counter
    assert again.value == copy.deepcopy(first).value == copy.copy(first).value == 7


def test_a_pickle_is_read_in_another_process(here: Learner, tmp_path: Path) -> None:
    finish(here, "counter")
    kept = tmp_path / "counter.pickle"
    kept.write_bytes(pickle.dumps([core().Counter(7), core().Counter, core().counter]))
    code = f"import pickle; print(pickle.load(open({str(kept)!r}, 'rb'))[0].count())"
    assert here.python(code).out == "8\n"


def test_a_pickle_of_something_locked_guides(here: Learner, tmp_path: Path) -> None:
    finish(here, "counter")
    kept = pickle.dumps(core().Counter(7))
    own(here, "counter").unlink()
    shown = here.python(f"import pickle; pickle.loads({kept!r})")
    assert "tito module start counter" in shown.err


def test_reloading_the_facade_keeps_it_a_facade(here: Learner) -> None:
    finish(here, "counter")
    before = core().Counter
    again = importlib.reload(core())
    assert again is sys.modules["abacus.core"]
    assert again.Counter is before
    assert hasattr(again, "total") is False
    assert sum(isinstance(finder, Finder) for finder in sys.meta_path) == 1


def test_reloading_a_module_shows_its_new_objects_through_the_facade(here: Learner) -> None:
    finish(here, "counter")
    before = core().Counter
    edit(own(here, "counter"), "self.value += 1", "self.value += 10")
    importlib.reload(sys.modules["abacus.core.counter"])
    assert core().Counter is not before
    assert core().Counter().count() == 10


def test_a_module_that_was_forgotten_is_imported_again(here: Learner) -> None:
    finish(here, "counter")
    before = core().Counter
    del sys.modules["abacus.core.counter"]
    assert core().Counter is not before
    assert core().Counter(1).count() == 2


def test_a_name_that_was_lost_in_a_reload_guides(here: Learner) -> None:
    finish(here, "counter")
    assert core().Counter
    edit(own(here, "counter"), "class Counter:", "Counter_ = None\nclass Other:")
    module = sys.modules["abacus.core.counter"]
    del module.Counter  # type: ignore[attr-defined]  # reload itself takes nothing away
    importlib.reload(module)
    with pytest.raises(AttributeError, match="does not define it"):
        _ = core().Counter


@pytest.mark.parametrize(
    "statement",
    [
        "import abacus.core",
        "import abacus.core.counter",
        "from abacus.core import counter",
        "from abacus.core.counter import Counter",
        "from abacus.core import *",
        "import abacus.core.total, abacus.core.counter",
    ],
)
def test_a_name_that_is_called_like_its_module_is_the_name(here: Learner, statement: str) -> None:
    finish(here, "counter", "total")
    exec(statement, {})
    assert core().counter(3).count() == 4
    assert callable(core().total)
    module = import_module("abacus.core.counter")
    assert isinstance(module, ModuleType)
    assert module.counter is core().counter


def test_a_package_inside_can_be_had_after_importing_the_outer_one_alone(here: Learner) -> None:
    finish(here, "counter", "total")
    code = "import abacus.core as a; print(a.more.mean([a.Counter(1), a.Counter(2)]))"
    assert here.python(code).out == "1.5\n"


def test_a_module_that_the_learner_adds_is_importable(here: Learner) -> None:
    finish(here, "counter")
    own(here, "extra").write_text("from abacus.core import Counter\nnine = Counter(9)\n")
    assert import_module("abacus.core.extra").nine.value == 9
    assert core().extra.nine.value == 9


def test_a_name_that_is_set_by_hand_stays(here: Learner) -> None:
    finish(here, "counter")
    core().Counter = "mine"
    core().helper = "new"
    assert (core().Counter, core().helper) == ("mine", "new")
    del core().Counter
    assert core().Counter(1).count() == 2


def test_a_known_name_costs_no_look_at_the_workspace(
    here: Learner, monkeypatch: pytest.MonkeyPatch
) -> None:
    finish(here, "counter")
    asked = []
    gate = Finder.gate
    monkeypatch.setattr(Finder, "gate", lambda self, name: asked.append(name) or gate(self, name))
    first = core().Counter
    assert asked, "the first time, the workspace is looked at"
    asked.clear()
    assert all(core().Counter is first for _ in range(1000))
    assert core().counter
    assert asked == ["abacus.core"], "once for `counter`"


THREADS = """
import sys, threading
sys.setswitchinterval(1e-6)
barrier, problems, seen = threading.Barrier(20), [], set()

def work(number):
    barrier.wait()
    try:
        if number % 2:
            import abacus.core.more
            assert abacus.core.more.mean([abacus.core.Counter(2)]) == 2
        else:
            from abacus.core import total, Counter, counter
            assert total([counter(2), Counter(3)]) == 5
        import abacus.core
        seen.add((id(abacus.core.Counter), id(sys.modules["abacus.core.total"].total)))
    except BaseException as error:
        problems.append(repr(error))

threads = [threading.Thread(target=work, args=(number,)) for number in range(20)]
for thread in threads: thread.start()
for thread in threads: thread.join(20)
assert not any(thread.is_alive() for thread in threads), "a thread hangs"
from tito.composition.finder import Finder
print(problems, len(seen), sum(isinstance(finder, Finder) for finder in sys.meta_path))
"""


def test_twenty_threads_that_import_at_once_get_the_same_objects(here: Learner) -> None:
    finish(here, "counter", "total")
    shown = here.python(THREADS)
    assert shown.out == "[] 1 1\n", shown.err


AUTORELOAD = """
from IPython.core.interactiveshell import InteractiveShell
import os, pathlib, sys
shell = InteractiveShell.instance()
def cell(text):
    ran = shell.run_cell(text, silent=False)
    assert ran.success, ran.error_in_exec or ran.error_before_exec
own = pathlib.Path("abacus/core/counter.py")
cell("%load_ext autoreload")
cell("%autoreload 2")
cell("from abacus.core import Counter; import abacus.core as core; old = Counter(); print(old.count())")
own.write_text(own.read_text().replace("self.value += 1", "self.value += 100"))
os.utime(own, (own.stat().st_mtime + 2,) * 2)
cell("print(Counter().count(), core.Counter().count(), old.count())")
"""


def test_autoreload_shows_the_class_as_it_was_exported_last(here: Learner) -> None:
    finish(here, "counter")
    shown = here.python(AUTORELOAD, IPYTHONDIR=str(here.root.parent / "ipython"))
    assert shown.out == "1\n100 100 101\n", shown.out + shown.err
    assert shown.err == ""


COMPLETION = """
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
shell.Completer.use_jedi = {jedi}
shell.run_cell("import abacus.core")
shell.run_cell("import abacus.core as core")
def completed(text):
    shell.Completer.use_jedi = {jedi}
    from IPython.core.completer import provisionalcompleter
    with provisionalcompleter():
        found = shell.Completer.completions(text, len(text))
        return sorted({{completion.text.rpartition(".")[2] for completion in found}})
print(completed("core.co"), completed("abacus.core.Co"), completed("core.to"))
"""


@pytest.mark.parametrize("jedi", [True, False])
def test_completion_lists_what_is_open(here: Learner, jedi: bool) -> None:
    finish(here, "counter")
    code = COMPLETION.format(jedi=jedi)
    shown = here.python(code, IPYTHONDIR=str(here.root.parent / "ipython"))
    assert shown.out == "['counter'] ['Counter'] []\n", shown.out + shown.err
    assert shown.err == ""


def test_a_running_interpreter_can_import_what_is_completed_elsewhere(here: Learner) -> None:
    with pytest.raises(ImportError):
        exec("from abacus.core import Counter", {})
    assert hasattr(core(), "Counter") is False
    here.complete("counter")
    exec("from abacus.core import Counter", {})
    assert core().Counter(1).count() == 2


def test_an_export_of_the_same_size_and_second_is_seen(here: Learner) -> None:
    show = "from abacus.core import counter; print(counter.__doc__[:9])"
    caching = {"PYTHONDONTWRITEBYTECODE": ""}  # which a developer's shell may say
    here.complete("counter")
    assert here.python(show, **caching).out == "A counter\n"
    assert list((here.root / "abacus").rglob("*.pyc"))
    before = own(here, "counter").stat()
    edit(here.file("counter"), "A counter that", "A COUNTER that")
    assert here.tito("module", "complete", "counter").code == 0
    assert own(here, "counter").stat().st_size == before.st_size
    os.utime(own(here, "counter"), ns=(before.st_atime_ns, before.st_mtime_ns))
    assert here.python(show, **caching).out == "A COUNTER\n"


def test_the_facade_works_without_writing_bytecode_beside_the_learners_files(
    here: Learner,
) -> None:
    finish(here, "counter")
    variables = here.variables(PYTHONDONTWRITEBYTECODE="1")
    code = "from abacus.core import counter; print(counter(1).count())"
    assert run(sys.executable, "-c", code, cwd=here.root, **variables).out == "2\n"
    assert not list(here.root.rglob("__pycache__"))
