"""Plain pytest runs the tests of an installed tier, and every other pytest run notices nothing."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from support import Learner, Run, edit, finish, run

FLAGS = ("-q", "-rs", "-p", "no:cacheprovider", "-p", "tito.pytest_plugin")


def pytest_run(someone: Learner, *arguments: object, **variables: str) -> Run:
    """A real pytest, in the workspace, with no plugin of this machine but ours."""
    (someone.root.parent / "pytest.ini").touch()  # or those of a checkout above it would count
    command = (sys.executable, "-m", "pytest", *FLAGS, *arguments)
    options = someone.variables(PYTEST_DISABLE_PLUGIN_AUTOLOAD="1", **variables)
    return run(*command, cwd=someone.root, **options)


def test_what_is_complete_runs_and_the_rest_is_skipped_with_the_reason(learner: Learner) -> None:
    finish(learner, "counter")
    done = pytest_run(learner, "--pyargs", "abacus_base")
    assert done.code == 0, done.out
    assert "1 passed, 1 skipped" in done.out
    assert "it needs total, which is not complete. Next: tito module start total" in done.out
    assert "test_together.py" in done.out


def test_it_runs_on_the_learners_code(learner: Learner) -> None:
    finish(learner, "counter", "total")
    assert "3 passed" in pytest_run(learner, "--pyargs", "abacus_base").out
    edit(learner.root / "abacus/core/counter.py", "self.value += 1", "self.value += 2")
    done = pytest_run(learner, "--pyargs", "abacus_base")
    assert (done.code, "2 failed, 1 passed" in done.out) == (1, True)


def test_without_a_workspace_it_runs_on_the_reference(learner: Learner) -> None:
    done = pytest_run(learner, "--pyargs", "abacus_base", TITO_WORKSPACE="")
    assert (done.code, "3 passed" in done.out) == (0, True)


def test_when_all_are_left_out_that_is_no_failure(learner: Learner) -> None:
    done = pytest_run(learner, "--pyargs", "abacus_base.tests")
    assert (done.code, "2 skipped" in done.out) == (0, True)


def test_a_file_that_does_not_say_what_it_needs_is_an_error(learner: Learner) -> None:
    path = learner.site / "abacus_base/tests/test_mine.py"
    path.write_text("def test_it(): pass\n")
    done = pytest_run(learner, "--pyargs", "abacus_base")
    assert done.code == 2
    assert "error: the integration test test_mine.py has 0 lines REQUIRES" in done.out
    assert "Traceback" not in done.out


def test_a_workspace_that_cannot_be_used_is_an_error(learner: Learner) -> None:
    (learner.root / "tito.toml").write_text("format = 9\n")
    done = pytest_run(learner, "--pyargs", "abacus_base")
    assert done.code == 2
    assert "error: this workspace has format 9" in done.out
    assert "pip install --upgrade tinytorch-engine" in done.out


@pytest.mark.parametrize("folder", ["plain", "tests", "other_tier/tests"])
def test_other_peoples_tests_are_left_alone(learner: Learner, folder: str) -> None:
    """Even those of a tier's sources that are not what is installed here."""
    path = learner.root.parent / folder / "test_mine.py"
    path.parent.mkdir(parents=True)
    (path.parent.parent / "tier.yaml").touch(exist_ok=folder.startswith("other"))
    path.write_text("def test_it(): pass\n")
    done = pytest_run(learner, path)
    assert (done.code, "1 passed" in done.out) == (0, True), done.out


def test_a_pytest_that_meets_no_tier_imports_nothing_of_the_engine(tmp_path: Path) -> None:
    folder = tmp_path / "tests"
    folder.mkdir()
    (folder / "conftest.py").write_text("import sys\nbefore = set(sys.modules)\n")
    (folder / "test_it.py").write_text(
        "import sys\n"
        "def test_it():\n"
        "    found = {name for name in sys.modules if name.partition('.')[0] == 'tito'}\n"
        "    assert found == {'tito', 'tito.pytest_plugin'}\n"
    )
    (tmp_path / "pytest.ini").touch()
    done = run(sys.executable, "-m", "pytest", "-p", "no:cacheprovider", folder, cwd=tmp_path)
    assert done.code == 0, done.out
    assert "tito" not in done.err
