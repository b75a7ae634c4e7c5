"""What a learner sees holds nothing of a solution; what is solved is the source without its marks."""

from __future__ import annotations

import textwrap
from typing import Any

import pytest

from support import ROOT
from tito.curriculum import rules
from tito.curriculum.compile import read_draft
from tito.curriculum.config import ModuleConfig
from tito.curriculum.draft import Draft, draft
from tito.curriculum.regions import HIDDEN_TESTS, SOLUTION, regions
from tito.curriculum.source import Cell, read_percent
from tito.curriculum.views import LEARNER, REFERENCE, SOLVED, view

AWKWARD = textwrap.dedent('''
    # %% nbgrader={"grade_id": "two-regions"}
    #| export
    class Pair:
        def __init__(self, left):
            """One of two."""
            ### BEGIN SOLUTION
            self.left = left
            ### END SOLUTION

        def swap(self):
            def inner(value):
                if value:
                    ### BEGIN SOLUTION
                    return secret(value)
                    # and why
                    ### END SOLUTION
                return value

            return inner(self.left)

    # %% nbgrader={"grade_id": "async-one"}
    @decorator
    async def wait(times):
        for _ in range(times):
    \t    ### BEGIN SOLUTION
    \t    await nothing()
    \t    ### END SOLUTION

    # %% [markdown]
    # ### 🧪 Unit Test: Pair

    # %% nbgrader={"grade_id": "test-pair", "points": 100}
    ### BEGIN HIDDEN TESTS
    assert hidden_first, "hidden"
    ### END HIDDEN TESTS
    assert shown, "shown"
    ### BEGIN HIDDEN TESTS
    assert hidden_last, "hidden"
    ### END HIDDEN TESTS
    ''')


def awkward() -> Draft:
    source = read_percent(AWKWARD.lstrip(), "pair_dev.py")
    config = ModuleConfig("Pair", "", "core.pair", 1)
    return draft("pair", 4, config, "module.yaml", source, 1)


FOLDERS = sorted(ROOT.glob("tests/data/*-tier/src/*/modules/*_*"))
DRAFTS = [awkward(), *map(read_draft, FOLDERS)]
every_lesson = pytest.mark.parametrize(
    "made", DRAFTS, ids=["awkward", *(f"{f.parents[1].name}-{f.name}" for f in FOLDERS)]
)


def texts(cells: tuple[Cell, ...]) -> list[str]:
    return [cell.text for cell in cells]


def split(cell: Cell, kind: str) -> tuple[set[str], set[str]]:
    """(lines inside, lines outside) of the regions of one kind, stripped, without blank ones."""
    inside: set[int] = set()
    for region in regions(cell):
        if region.kind == kind:
            inside.update(range(region.begin, region.end + 1))
    lines = [line.strip() for line in cell.text.split("\n")]
    return (
        {line for n, line in enumerate(lines) if n in inside and line},
        {line for n, line in enumerate(lines) if n not in inside and line},
    )


@every_lesson
def test_the_learner_sees_nothing_of_a_solution_or_of_a_hidden_test(made: Draft) -> None:
    secret, told = set(), set()
    for cell in made.lesson.cells:
        for kind in (SOLUTION, HIDDEN_TESTS):
            secret |= split(cell, kind)[0]
        told |= split(cell, SOLUTION)[1] & split(cell, HIDDEN_TESTS)[1]
    assert secret
    seen = {line.strip() for text in texts(view(made.lesson, LEARNER)) for line in text.split("\n")}
    assert not seen & (secret - told)
    assert told <= seen


@every_lesson
def test_each_region_of_an_exercise_is_one_line_that_names_its_task(made: Draft) -> None:
    for before, cell in zip(made.lesson.cells, view(made.lesson, LEARNER), strict=True):
        found = [region for region in regions(before) if region.kind == SOLUTION]
        number = made.lesson.tasks[cell.grade_id].number if found else ""
        stub = f'raise NotImplementedError("Task {number}: '
        assert cell.text.count(stub) == cell.text.count("NotImplementedError") == len(found)
        if cell.kind == "code":
            compile(cell.text, "learner", "exec")


def test_a_stub_names_the_function_around_it_and_stands_where_its_region_began() -> None:
    pair, wait, *_ = view(awkward().lesson, LEARNER)
    assert pair.text.split("\n")[1:] == [
        "class Pair:",
        "    def __init__(self, left):",
        '        """One of two."""',
        '        raise NotImplementedError("Task 4.1: Pair.__init__")',
        "",
        "    def swap(self):",
        "        def inner(value):",
        "            if value:",
        '                raise NotImplementedError("Task 4.1: Pair.swap")',
        "            return value",
        "",
        "        return inner(self.left)",
    ]
    assert wait.text.endswith('\n\t    raise NotImplementedError("Task 4.2: wait")')


def test_a_learners_stub_raises_when_it_is_called() -> None:
    lesson = read_draft(ROOT / "tests/data/base-tier/src/abacus_base/modules/01_counter").lesson
    names: dict[str, Any] = {}
    for cell in view(lesson, LEARNER):
        if cell.is_exported:
            exec(cell.text, names)
    with pytest.raises(NotImplementedError, match=r"^Task 1\.1: Counter\.count$"):
        names["counter"]().count()


@every_lesson
def test_solved_is_the_source_without_marks_and_hidden_tests(made: Draft) -> None:
    for before, cell in zip(made.lesson.cells, view(made.lesson, SOLVED), strict=True):
        kept, hidden = [], False
        for line in before.text.split("\n"):
            hidden = hidden or "### BEGIN HIDDEN TESTS" in line
            if not hidden and "### BEGIN" not in line and "### END" not in line:
                kept.append(line)
            hidden = hidden and "### END HIDDEN TESTS" not in line
        assert cell.text.split("\n") == kept


@every_lesson
def test_the_reference_is_the_exported_cells_solved(made: Draft) -> None:
    solved = view(made.lesson, SOLVED)
    assert view(made.lesson, REFERENCE) == tuple(cell for cell in solved if cell.is_exported)


@every_lesson
def test_views_change_nothing_but_text(made: Draft) -> None:
    for transforms in (LEARNER, SOLVED):
        shown = view(made.lesson, transforms)
        assert [(c.kind, c.metadata, c.line) for c in shown] == [
            (c.kind, c.metadata, c.line) for c in made.lesson.cells
        ]


def test_the_awkward_lesson_is_one_whose_regions_the_rules_accept() -> None:
    """Else the tests above would prove little."""
    wanted = (*rules.FIRST, rules.solutions, rules.hidden_tests)
    assert [finding for rule in wanted for finding in rule(awkward())] == []
