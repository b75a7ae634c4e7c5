"""Regions are nbgrader's: lines between marks. Whatever is not well formed is found at its line."""

import textwrap

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tito.curriculum.regions import Region, enclosing_function, region_findings, regions
from tito.curriculum.source import Cell

MARKS = [f"### {edge} {kind}" for kind in ("SOLUTION", "HIDDEN TESTS") for edge in ("BEGIN", "END")]
SOLUTION, END_SOLUTION, HIDDEN, END_HIDDEN = MARKS


def cell(text: str) -> Cell:
    return Cell("code", textwrap.dedent(text).strip("\n"), "x_dev.py", 101, 1)


def lines(*texts: str) -> Cell:
    return Cell("code", "\n".join(texts), "x_dev.py", 101, 1)


def test_regions_are_the_lines_between_their_marks() -> None:
    made = lines("a", SOLUTION, "b", END_SOLUTION, f"  {HIDDEN}", f"\t{END_HIDDEN}  ", "c")
    assert regions(made) == [Region("SOLUTION", 1, 3), Region("HIDDEN TESTS", 4, 5)]
    assert region_findings(made) == []


@pytest.mark.parametrize(
    ("texts", "message", "line"),
    [
        (("a", SOLUTION, "b"), "the region '### BEGIN SOLUTION' never ends", 102),
        (("a", HIDDEN), "the region '### BEGIN HIDDEN TESTS' never ends", 102),
        (("a", END_SOLUTION), "'### END SOLUTION' ends a region that never began", 102),
        ((SOLUTION, END_HIDDEN, END_SOLUTION), "'### END HIDDEN TESTS' ends a region", 102),
        ((SOLUTION, HIDDEN, END_SOLUTION), "'### BEGIN HIDDEN TESTS' inside a region", 102),
        ((SOLUTION, SOLUTION, END_SOLUTION), "'### BEGIN SOLUTION' inside a region", 102),
        (("x = 1  ### BEGIN SOLUTION",), "'### BEGIN SOLUTION' must stand alone", 101),
        (("", "s = '### END SOLUTION'"), "'### END SOLUTION' must stand alone", 102),
        (("###BEGIN SOLUTION",), "'### BEGIN SOLUTION' must stand alone", 101),
        (("# BEGIN HIDDEN TESTS",), "'### BEGIN HIDDEN TESTS' must stand alone", 101),
        (("#### END SOLUTION ####",), "'### END SOLUTION' must stand alone", 101),
    ],
)
def test_a_region_that_is_not_well_formed_is_found_at_its_line(
    texts: tuple[str, ...], message: str, line: int
) -> None:
    finding = region_findings(lines(*texts))[0]
    assert message in finding.message
    assert finding.where == f"x_dev.py:{line}"
    assert finding.fix


def cleared(text: str) -> str:
    """What nbgrader's rules leave of a cell: each line that names a delimiter switches."""
    kept, inside = [], ""
    for line in text.split("\n"):
        begins = [kind for kind in ("SOLUTION", "HIDDEN TESTS") if f"BEGIN {kind}" in line]
        ends = [kind for kind in ("SOLUTION", "HIDDEN TESTS") if f"END {kind}" in line]
        if not begins and not ends and not inside:
            kept.append(line)
        inside = begins[0] if begins else "" if ends else inside
    return "\n".join(kept)


LINES = st.sampled_from(["a", "    b", "", *MARKS, "    ### BEGIN SOLUTION", "## BEGIN SOLUTION"])


@given(st.lists(LINES, max_size=10))
def test_what_is_found_sound_is_what_nbgrader_would_clear(texts: list[str]) -> None:
    made = lines(*texts)
    if not region_findings(made):
        left = made.text.split("\n")
        for region in reversed(regions(made)):
            del left[region.begin : region.end + 1]
        assert "\n".join(left) == cleared(made.text)
        assert not any(mark in line for mark in MARKS for line in left)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (
            """
            def f():
                ### BEGIN SOLUTION
                return 1
                ### END SOLUTION
            """,
            "f",
        ),
        (
            """
            class A:
                def f(self):
                    ### BEGIN SOLUTION
                    return 1
                    ### END SOLUTION

                def g(self):
                    return 2
            """,
            "A.f",
        ),
        (
            """
            class A:
                class B:
                    async def f(self):
                        x = 1
                        ### BEGIN SOLUTION
                        return x
                        # with a comment after it

                        ### END SOLUTION
            """,
            "A.B.f",
        ),
        (
            """
            def outer():
                def inner():
                    ### BEGIN SOLUTION
                    return 1
                    ### END SOLUTION
                return inner
            """,
            "outer",
        ),
        (
            """
            @decorator
            def f():
                if True:
                    ### BEGIN SOLUTION
                    pass
                    ### END SOLUTION
            """,
            "f",
        ),
        (
            """
            if True:
                ### BEGIN SOLUTION
                x = 1
                ### END SOLUTION
            """,
            "",
        ),
        (
            """
            class A:
                ### BEGIN SOLUTION
                x = 1
                ### END SOLUTION
            """,
            "",
        ),
        (
            """
            ### BEGIN SOLUTION
            def f():
                return 1
            ### END SOLUTION
            """,
            "",
        ),
        (
            """
            def f():
                ### BEGIN SOLUTION
                return 1
            x = f()
            ### END SOLUTION
            """,
            "",
        ),
        (
            """
            def f():
                return 1
            ### BEGIN SOLUTION
            x = f()
            ### END SOLUTION
            """,
            "",
        ),
    ],
)
def test_a_solution_belongs_to_the_function_or_method_around_all_of_it(
    text: str, name: str
) -> None:
    made = cell(text)
    assert enclosing_function(made, regions(made)[0]) == name
