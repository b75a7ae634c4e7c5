"""A module's mutants are run against its own graded tests, and what survives them is told."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from support import OUR_TIERS, a_module, edit, forget, install_editable, project
from tito.authoring.mutants import mutants
from tito.authoring.mutation import Equivalent, Mutation, Outcome, judge, mutate, read_equivalent
from tito.curriculum.compile import read_draft
from tito.curriculum.installed import installed
from tito.errors import SourceError, TitoError

Run = Callable[[str], Mutation]

LESSONS = "src/abacus_base/modules"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return project("base-tier", tmp_path)


@pytest.fixture
def run(root: Path, site: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    """Run the mutants of a module of the base course, as it is in `root` now."""

    def call(module: str) -> Mutation:
        folders = [str(folder) for folder in install_editable(root, site)]
        monkeypatch.setenv("PYTHONPATH", os.pathsep.join(folders))
        monkeypatch.setenv("TITO_DISABLE_PLUGINS", OUR_TIERS)
        for folder in folders:
            monkeypatch.syspath_prepend(folder)
        found = installed()
        chosen = found.course().by_id[module]
        return mutate(found, chosen, root / LESSONS / chosen.folder, 2)

    yield call
    forget("abacus")  # the next test has its own


def source(root: Path, module: str = "02_total") -> Path:
    return root / LESSONS / module / f"{module[3:]}_dev.py"


def killers(mutation: Mutation) -> dict[str, str]:
    return {each.after: each.killed_by for each in mutation.outcomes}


def test_each_mutant_is_killed_by_the_first_test_that_fails(run: Run) -> None:
    total = run("total")
    assert killers(total) == {
        "return None": "test-total-mean",
        "return (counter.value for counter in counters)": "test-total-total",
        "return total(counters) * len(counters)": "test-total-mean",
        "return total(counters)": "test-total-mean",
        "return len(counters)": "test-total-mean",
        "return counters / len(counters)": "test-total-mean",
        "return total(counters) / counters": "test-total-mean",
    }
    assert (total.killed, total.share, total.survivors, total.enough) == (8, 1.0, [], True)


def test_a_mutant_that_no_graded_test_notices_survives(root: Path, run: Run) -> None:
    edit(source(root), "mean([Counter(1), Counter(4)]) == 2.5", "mean([Counter(3)]) == 3")
    edit(source(root), "counters), mean(counters)) == (10, 5.0)", "counters), 5.0) == (10, 5.0)")
    total = run("total")
    assert [each.after for each in total.survivors] == [
        "return total(counters)",
        "return total(counters) * len(counters)",
    ]
    survivor = total.survivors[0]
    assert survivor.place == "total_dev.py:61"
    assert survivor.before == "return total(counters) / len(counters)"
    assert (total.share, total.enough) == (6 / 8, False)


def test_what_a_learner_does_not_see_or_is_not_graded_on_kills_nothing(
    root: Path, run: Run
) -> None:
    """Hidden tests, and cells that fail without being a test."""
    path = source(root, "01_counter")
    edit(path, "[first.count(), first.count()] == [1, 2]", "first.count() == 1")
    edit(path, "first.value, second.count()) == (1, 6)", "first.value, 6) == (1, 6)")
    edit(path, "# ## 📊 Sys", "# Words.\n\n# %%\nassert counter(7).count() == 8\n\n"
         "# %% [markdown]\n# ## 📊 Sys")  # fmt: skip
    assert [each.after for each in run("counter").survivors] == ["self.value = 1"]


@pytest.mark.parametrize(
    ("code", "how"),
    [
        ("while True: pass", "it computed for too long"),
        ("import os; os._exit(3)", "the program ended itself with exit code 3"),
        ("raise SystemExit", "test-counter-count"),
        ("[0] * 10**11", "test-counter-count"),
    ],
)
def test_what_ends_the_process_or_takes_too_much_is_killed(
    root: Path, run: Run, code: str, how: str
) -> None:
    """The mutant goes where the original never comes."""
    path = source(root, "01_counter")
    edit(path, "self.value += 1", "self.value += 1\n        if self.value > 9: stop()")
    edit(path, "def counter(value=0):", f"def stop():\n    {code}\n\n\ndef counter(value=0):")
    assert killers(run("counter"))["if True: stop()"] == how


def test_the_systems_analysis_is_not_run(root: Path, run: Run) -> None:
    edit(source(root), "# It costs one addition a counter.", "# Yes.\n\n# %%\n1 / 0")
    assert run("total").enough


def test_a_lesson_that_fails_by_itself_is_told(root: Path, run: Run) -> None:
    edit(source(root), "mean([Counter(1), Counter(4)]) == 2.5", "best == 2.5")
    edit(source(root), "# It costs one addition a counter.", "# Yes.\n\n# %%\nbest = 2.5")
    with pytest.raises(TitoError, match="total fails without its systems analysis") as caught:
        run("total")
    assert "total_dev.py:69: NameError: name 'best' is not defined" in str(caught.value)


def test_it_runs_where_only_what_the_module_requires_is_there(root: Path, run: Run) -> None:
    edit(source(root, "01_counter"), "# ## 📦 Where", "# Words.\n\n# %%\n"
         "from abacus.core import total\n\n# %% [markdown]\n# ## 📦 Where")  # fmt: skip
    with pytest.raises(TitoError, match=r"abacus\.core\.total is not there yet"):
        run("counter")


def test_they_are_told_in_the_order_of_the_source_whenever_they_end(root: Path, run: Run) -> None:
    edit(source(root), "def test_unit_total():", "def test_unit_total():\n"
         "    import random, time\n    time.sleep(random.random() / 5)")  # fmt: skip
    lesson = read_draft(root / LESSONS / "02_total").lesson
    assert [each.after for each in run("total").outcomes] == [m.after for m in mutants(lesson)]


def test_forks_share_no_files(root: Path, run: Run) -> None:
    """Each has its own folder, with what the lesson has written before."""
    edit(source(root), "# ## 1. Adding up", "# Words.\n\n# %%\nopen('count', 'w').write('0')\n\n"
         "# %% [markdown]\n# ## 1. Adding up")  # fmt: skip
    edit(source(root), "def test_unit_total():", "def test_unit_total():\n"
         "    with open('count', 'a') as file:\n        file.write('1')\n"
         "    assert open('count').read() == '01', 'another fork wrote here'")  # fmt: skip
    assert {each.killed_by for each in run("total").outcomes} == {
        "test-total-total",
        "test-total-mean",
    }


def test_nothing_is_left_behind(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = tmp_path / "temporary"
    here.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(here))
    run("counter")
    assert list(here.iterdir()) == []


OUTCOMES = [
    Outcome("task", "x.py:1", "a < b", "a <= b", ""),
    Outcome("task", "x.py:2", "a\nb", "pass", ""),
    Outcome("task", "x.py:3", "a + b", "a - b", "test-task"),
]
MODULE = a_module("tensor", 1)


def test_an_equivalent_mutant_with_its_reason_does_not_count() -> None:
    entries = {"task": (Equivalent("a < b", "a <= b", "never equal"),)}
    judged = judge(MODULE, OUTCOMES, entries)
    assert [each.reason for each in judged.outcomes] == ["never equal", "", ""]
    assert (judged.killed, judged.share, judged.findings) == (1, 0.5, ())
    assert judged.survivors == [OUTCOMES[1]]
    assert judged.equivalent == [replace(OUTCOMES[0], reason="never equal")]


def test_several_lines_are_compared_without_their_indentation() -> None:
    entries = {"task": (Equivalent("  a\n    b\n", "pass", "does nothing"),)}
    assert judge(MODULE, OUTCOMES, entries).survivors == [OUTCOMES[0]]


@pytest.mark.parametrize(
    ("task", "entry", "why"),
    [
        ("task", Equivalent("a + b", "a - b", "same"), "it is killed by test-task"),
        ("task", Equivalent("a + b", "a * b", "same"), "there is no such mutant"),
        ("other", Equivalent("a < b", "a <= b", "same"), "there is no such mutant"),
        ("task", Equivalent("a < b", "a <= b", ""), "it has no reason"),
    ],
)
def test_an_entry_that_fits_no_survivor_is_told(task: str, entry: Equivalent, why: str) -> None:
    judged = judge(MODULE, OUTCOMES, {task: (entry,)})
    (finding,) = judged.findings
    assert why in finding.message
    assert finding.where == "01_tensor/mutants.yaml"
    assert not judged.enough
    assert judged.equivalent == []


def test_a_file_of_another_shape_is_told_with_its_key(tmp_path: Path) -> None:
    assert read_equivalent(tmp_path) == {}
    (tmp_path / "mutants.yaml").write_text("task:\n  - before: a\n    after: b\n")
    with pytest.raises(SourceError, match=r"lacks the key task\[0\].reason"):
        read_equivalent(tmp_path)
