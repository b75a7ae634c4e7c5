"""An update takes in what is new, and everything that the learner wrote is still there."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tito.curriculum.files import cell_ids
from tito.curriculum.source import Cell, Source
from tito.learner.merge import MARK, Placed, merge


def cell(text: str, kind: str = "code", **nbgrader: object) -> Cell:
    metadata = {"nbgrader": nbgrader} if nbgrader else {}
    return Cell(kind, text, "lesson", 0, 0, metadata)  # type: ignore[arg-type]


def lesson(*cells: Cell) -> Source:
    """With the ids and numbers that cells have in a file."""
    named = zip(cells, cell_ids(cells), strict=True)
    return Source("l", tuple(replace(c, id=i, number=n) for n, (c, i) in enumerate(named, 1)))


STUB = '#| export\ndef f():\n    """One."""\n    raise NotImplementedError("Task 1.1: f")'
SOLVED = STUB.replace('raise NotImplementedError("Task 1.1: f")', "one = 1\n    return one")
TITLE = cell("# Counter\n\nWhat counts?\n\nYour answer:", "markdown")
SETUP = cell("#| export\nimport math\n\nPI = 3\n\nE = 2")
TASK = cell(STUB, grade_id="task", solution=True)
TEST = cell("assert f() == 1, 'one'", grade_id="test", grade=True, points=5)
BASE = lesson(TITLE, SETUP, TASK, TEST)


def with_text(source: Source, at: int, text: str) -> Source:
    return replace(
        source,
        cells=tuple(replace(c, text=text) if n == at else c for n, c in enumerate(source.cells)),
    )


def updated(own: Source, new: Source) -> list[Placed]:
    return merge(BASE, own, new)


def texts(placed: list[Placed]) -> list[str]:
    return [each.cell.text for each in placed]


NEW_STUB = STUB.replace("One.", "Exactly one.")
ANSWERED = f"{TITLE.text} me"
OTHER_PI, LONGER = SETUP.text.replace("PI = 3", "PI = 4"), f"{SETUP.text}\nF = 1"
CHANGES = {  # place, learner's text, new text, what becomes of it
    "text, edited by us": (0, TITLE.text, "# Counters", "# Counters"),
    "text, answered": (0, ANSWERED, TITLE.text, ANSWERED),
    "text, answered and edited": (0, ANSWERED, "#" + TITLE.text, "#" + ANSWERED),
    "code, both apart": (1, OTHER_PI, LONGER, f"{OTHER_PI}\nF = 1"),
    "a solved task": (2, SOLVED, STUB, SOLVED),
    "a stub": (2, STUB, NEW_STUB, NEW_STUB),
    "a solved task, told better": (2, SOLVED, NEW_STUB, SOLVED.replace("One.", "Exactly one.")),
    "a solved task with another number": (2, SOLVED, STUB.replace("1.1", "1.2"), SOLVED),
    "a solved task among new code": (
        2,
        SOLVED,
        f"{STUB}\n\ndef g(): pass",
        f"{SOLVED}\n\ndef g(): pass",
    ),
    "a test": (3, TEST.text, "assert f() == 2, 'two'", "assert f() == 2, 'two'"),
}


@pytest.mark.parametrize(("at", "own", "new", "expected"), CHANGES.values(), ids=CHANGES)
def test_what_only_one_side_changed_is_taken(at: int, own: str, new: str, expected: str) -> None:
    made = updated(with_text(BASE, at, own), with_text(BASE, at, new))
    assert texts(made) == texts([Placed(c) for c in with_text(BASE, at, expected).cells])
    assert not any(each.conflict for each in made)


OTHER = 'def g():\n    raise NotImplementedError("Task 1.2: g")'
CONFLICTS = {  # place, learner's text, new text, whose stands
    "a task whose code changed": (2, SOLVED, STUB.replace("f():", "f(n):"), "own"),
    "a cell with another task": (2, SOLVED, f"{STUB}\n\n{OTHER}", "own"),
    "the same line of code": (1, "import math\nPI = 5", "import math\nPI = 6", "own"),
    "the same line of text": (0, f"my {TITLE.text}", f"our {TITLE.text}", "own"),
    "an edited test": (3, "assert True", "assert f() == 2, 'two'", "new"),
}


@pytest.mark.parametrize(("at", "own", "new", "stands"), CONFLICTS.values(), ids=CONFLICTS)
def test_a_conflict_leaves_both_and_is_listed(at: int, own: str, new: str, stands: str) -> None:
    made = updated(with_text(BASE, at, own), with_text(BASE, at, new))
    assert len(made) == len(BASE.cells) + 1
    first, second = made[at], made[at + 1]
    assert first.cell.text == (own if stands == "own" else new)
    assert first.cell.id == BASE.cells[at].id
    assert first.conflict
    assert (second.cell.kind, MARK in second.cell.text) == ("markdown", True)
    assert (new if stands == "own" else own) in second.cell.text


def test_what_we_took_out_stays_if_they_wrote_in_it_and_is_worth_nothing() -> None:
    own = with_text(BASE, 2, SOLVED)
    made = updated(own, lesson(TITLE, SETUP, TEST))
    assert texts(made)[:3] == [TITLE.text, SETUP.text, SOLVED]
    assert MARK in made[3].cell.text
    assert [each.cell.grade_id for each in made] == ["", "", "", "", "test"]
    assert texts(updated(BASE, lesson(TITLE, SETUP, TEST))) == [TITLE.text, SETUP.text, TEST.text]


def test_what_stays_of_ours_leaves_its_id_to_the_cell_that_has_it_now() -> None:
    first, second, third, fourth = (cell(f"# {n}\n\nNumber {n}", "markdown") for n in "1234")
    base = lesson(first, second, third)
    answered = replace(base.cells[1], text="# 2\n\nNumber 2\n\nme")
    own = replace(base, cells=(answered, base.cells[2]))
    made = merge(base, own, lesson(fourth, third))
    ids = {each.cell.text: each.cell.id for each in made}
    assert (ids[answered.text], ids[third.text]) == ("", "start_2")


def test_a_cell_that_is_inserted_before_shifts_ids_and_not_what_the_learner_wrote() -> None:
    """Ids within a section are numbered, so a new cell takes the id of the one behind it."""
    news = cell("## News", "markdown")
    new = lesson(news, TITLE, SETUP, TASK, TEST)
    answered = TITLE.text + " me"
    made = updated(with_text(BASE, 0, answered), new)
    assert texts(made) == [news.text, answered, SETUP.text, TASK.text, TEST.text]
    assert [each.cell.id for each in made] == [each.id for each in new.cells]


def test_added_cells_stay_behind_the_cell_they_stood_behind() -> None:
    mine = cell("mine = 1")
    title, setup, task, test = BASE.cells
    own = replace(BASE, cells=(mine, title, setup, mine, task, test, mine))
    new = lesson(TITLE, cell("## New", "markdown"), SETUP, cell("## Task", "markdown"), TASK, TEST)
    assert texts(updated(own, new)) == [
        *(mine.text, TITLE.text, "## New", SETUP.text, mine.text),
        *("## Task", TASK.text, TEST.text, mine.text),
    ]


def test_of_a_copy_and_its_edited_original_the_one_with_the_id_is_the_original() -> None:
    """Jupyter gives a pasted cell an id of its own."""
    title, setup, task, test = BASE.cells
    answered, copy = replace(title, text=ANSWERED), replace(title, id="pasted")
    own = replace(BASE, cells=(copy, answered, setup, task, test))
    made = updated(own, with_text(BASE, 0, "#" + TITLE.text))
    assert texts(made)[:2] == [TITLE.text, "#" + ANSWERED]
    assert [each.cell.id for each in made[:2]] == ["pasted", title.id]


def test_what_their_tools_noted_in_a_cell_stays_and_points_are_new() -> None:
    noted = replace(BASE.cells[3], metadata=BASE.cells[3].metadata | {"tags": ["hard"]})
    own = replace(BASE, cells=(*BASE.cells[:3], noted))
    richer = replace(TEST, metadata={"nbgrader": TEST.nbgrader | {"points": 9}})
    made = updated(own, lesson(TITLE, SETUP, TASK, richer))
    assert made[3].cell.metadata == {**richer.metadata, "tags": ["hard"]}


@dataclass(frozen=True)
class Versions:
    base: Source
    own: Source
    new: Source
    ordered: bool


KINDS = ("markdown", "given", "task", "test")


def written(kind: str, name: str) -> Cell:
    """A cell of a lesson; no two have a line in common but for what stubs share."""
    if kind == "task":
        text = f'def {name}():\n    """{name}\n\n    it says\n    """\n    raise '
        text += f'NotImplementedError("Task 1.1: {name}")'
        return cell(text, grade_id=name, solution=True)
    if kind == "test":
        return cell(f"assert {name}()\nprint('{name}')", grade_id=name, grade=True, points=1)
    lines = [f"{name}_{n} = {n}" for n in range(4)]
    return cell("\n".join(lines), "markdown" if kind == "markdown" else "code")


@st.composite
def versions(draw: st.DrawFn) -> Versions:
    """A lesson, what its author made of it, and what a learner made of it. Everything that the
    learner writes holds the word `mine` and a number of its own."""
    kinds = draw(st.lists(st.sampled_from(KINDS), min_size=1, max_size=6))
    base = [written(kind, f"c{n}") for n, kind in enumerate(kinds)]
    count = iter(range(1000))

    def edited(each: Cell, word: str) -> Cell:
        lines = each.text.split("\n")
        at = draw(st.integers(0, len(lines) - 1))
        line = f"{lines[at][: len(lines[at]) - len(lines[at].lstrip())]}{word}_{next(count)} = 1"
        if draw(st.booleans()):
            lines[at] = line
        else:
            lines.insert(at + draw(st.booleans()), line)
        return replace(each, text="\n".join(lines))

    def changed(cells: list[Cell], word: str, kinds: tuple[str, ...]) -> list[Cell]:
        made = []
        for each in cells:
            what = draw(
                st.sampled_from(("keep", "keep", "edit", "edit", "delete", "add", "double"))
            )
            if what == "add":
                made.append(
                    replace(written(draw(st.sampled_from(kinds)), f"{word}_{next(count)}"), id="")
                )
            if what == "double" and word == "mine":
                made.append(replace(edited(each, word), id=draw(st.sampled_from(("", each.id)))))
            if what != "delete":
                made.append(edited(each, word) if what == "edit" else each)
        return made

    source = lesson(*base)
    new = lesson(*changed(base, "ours", KINDS))
    own = changed(list(source.cells), "mine", KINDS[:2])
    ordered = draw(st.booleans())
    own = own if ordered else draw(st.permutations(own))
    script = draw(st.booleans())
    numbered = tuple(replace(c, number=n, id="" if script else c.id) for n, c in enumerate(own, 1))
    if script:
        source, new = (
            replace(s, cells=tuple(replace(c, id="") for c in s.cells)) for s in (source, new)
        )
    return Versions(source, replace(source, cells=numbered), new, ordered)


def as_file(placed: list[Placed]) -> Source:
    return Source("l", tuple(replace(p.cell, number=n) for n, p in enumerate(placed, 1)))


def contents(source: Source) -> list[tuple[str, str, object]]:
    return [(each.kind, each.text, each.metadata) for each in source.cells]


@given(versions())
def test_an_untouched_lesson_becomes_the_new_one(v: Versions) -> None:
    assert contents(as_file(merge(v.base, v.base, v.new))) == contents(v.new)


@given(versions())
def test_every_line_that_a_learner_wrote_is_there(v: Versions) -> None:
    made = "\n".join(texts(merge(v.base, v.own, v.new))).split("\n")
    wrote = [line for each in v.own.cells for line in each.text.split("\n") if "mine" in line]
    for line in set(wrote):
        assert made.count(line) >= wrote.count(line), line


@given(versions())
def test_updating_twice_changes_nothing(v: Versions) -> None:
    once = as_file(merge(v.base, v.own, v.new))
    assert contents(as_file(merge(v.new, once, v.new))) == contents(once)


@given(versions())
def test_the_graded_cells_are_those_of_the_new_lesson(v: Versions) -> None:
    made = [each.cell for each in merge(v.base, v.own, v.new) if each.cell.grade_id]
    theirs = {each.grade_id for each in v.own.cells}
    before = {each.grade_id for each in v.base.cells}
    wanted = [c for c in v.new.cells if c.grade_id in theirs or c.grade_id not in before]
    ids = [each.grade_id for each in made]
    assert [each for each in ids if each in {c.grade_id for c in wanted}] == [
        c.grade_id for c in wanted if c.grade_id
    ]
    assert len(set(ids)) == len(ids)


@given(versions())
@settings(max_examples=50)
def test_what_a_learner_added_keeps_its_order(v: Versions) -> None:
    if v.ordered:
        numbers = [each.own.number for each in merge(v.base, v.own, v.new) if each.own]
        assert numbers == sorted(numbers)
