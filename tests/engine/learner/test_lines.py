"""Two changes of one text are brought together, or it is said that they touch each other."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tito.learner.lines import merge_lines

BASE = "a\nb\nc\nd\ne"
MERGES = {
    "only ours": (BASE, "a\nB\nc\nd\ne", "a\nB\nc\nd\ne"),
    "only theirs": ("a\nB\nc\nd\ne", BASE, "a\nB\nc\nd\ne"),
    "apart": ("A\nb\nc\nd\ne", "a\nb\nc\nd\nE", "A\nb\nc\nd\nE"),
    "the same": ("a\nB\nc\nd\ne", "a\nB\nc\nd\ne", "a\nB\nc\nd\ne"),
    "one deletes, one adds": ("a\nc\nd\ne", "a\nb\nc\nd\ne\nf", "a\nc\nd\ne\nf"),
    "other line ends": ("A\r\nb\r\nc\r\nd\r\ne", "a\nb\nc\nd\nE", "A\nb\nc\nd\nE"),
    "one adds before what the other changes": (
        "a\nB\nc\nd\ne",
        "a\nx\nb\nc\nd\ne",
        "a\nx\nB\nc\nd\ne",
    ),
    "the same line": ("a\nB\nc\nd\ne", "a\nX\nc\nd\ne", None),
    "neighbours": ("a\nB\nc\nd\ne", "a\nb\nC\nd\ne", "a\nB\nC\nd\ne"),
    "one adds behind what the other changes": (
        "a\nB\nc\nd\ne",
        "a\nb\nx\nc\nd\ne",
        "a\nB\nx\nc\nd\ne",
    ),
    "both add in one place": ("a\nx\nb\nc\nd\ne", "a\ny\nb\nc\nd\ne", None),
    "one deletes what the other changes": ("a\nc\nd\ne", "a\nX\nc\nd\ne", None),
}


@pytest.mark.parametrize(("own", "new", "expected"), MERGES.values(), ids=MERGES)
def test_changes_that_are_apart_are_both_made(own: str, new: str, expected: str | None) -> None:
    assert merge_lines(BASE, own, new) == expected
    assert merge_lines(BASE, new, own) == expected


TEXTS = st.lists(st.sampled_from("abcde"), max_size=6).map("\n".join)


@given(TEXTS, TEXTS)
def test_without_a_second_change_the_first_one_is_made(base: str, changed: str) -> None:
    assert merge_lines(base, changed, base) == changed
    assert merge_lines(base, base, changed) == changed
    assert merge_lines(base, changed, changed) == changed


@given(TEXTS, TEXTS, TEXTS)
def test_every_line_that_only_one_of_them_wrote_is_there(base: str, own: str, new: str) -> None:
    mine = own.replace("a", "A").replace("b", "B")
    if (merged := merge_lines(base, mine, new)) is not None:
        assert {"A", "B"} & set(mine.split("\n")) <= set(merged.split("\n"))
