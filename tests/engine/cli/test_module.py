"""`tito module …` as a learner types it."""

from support import Learner


def test_a_module_from_start_to_import(learner: Learner) -> None:
    learner.tito("module", "start", "counter")
    untouched = learner.tito("module", "test", "1")
    assert untouched.code == 1
    assert "Task 1.1: Counter.count is not written yet" in untouched.out
    assert "0 of 100 points, 0 of 2 tests passed" in untouched.out

    learner.solve("counter")
    done = learner.tito("module", "complete", "count")
    assert done.code == 0
    assert "100 of 100 points, 2 of 2 tests passed" in done.out
    assert "Unlocked: module 02 Total" in done.out

    imported = learner.python("from abacus.core import counter; print(counter(2).count())")
    assert imported.out == "3\n", imported.err
