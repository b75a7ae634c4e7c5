"""Names of students that may be names of files."""

from __future__ import annotations

import pytest

from tito.grading.people import unsafe


@pytest.mark.parametrize(
    "name", ["ann", "Ann_O'Neil", "doe-jane_12", "Jürgen", "李雷", "a.b", "a b"]
)
def test_what_people_are_called_is_fine(name: str) -> None:
    assert unsafe(name) == ""


@pytest.mark.parametrize(
    "name",
    [
        *("", ".", "..", ".hidden", "-rf", " a", "a ", "a.", "a/b", "a\\b", "c:", "a*", "a?b"),
        *("a\nb", "a\x00b", "a\u202eb", "a\ud800", "u\u0308", "a" * 101, "ä" * 51),
    ],
)
def test_what_is_no_name_of_a_file_is_told(name: str) -> None:
    assert unsafe(name)
