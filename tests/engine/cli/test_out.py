"""Tables line up, and times read like times."""

from __future__ import annotations

import json

import pytest

from tito.cli.out import say_findings, say_json, say_table, seconds
from tito.model import Finding


def test_columns_are_as_wide_as_their_widest_value(capsys: pytest.CaptureFixture[str]) -> None:
    say_table(("", "name"), [("01", "a"), ("2", "long name"), (3, "")])
    lines = capsys.readouterr().out.split("\n")
    assert lines == ["    name", "01  a", "2   long name", "3", ""]


def test_a_table_without_rows_is_its_heads(capsys: pytest.CaptureFixture[str]) -> None:
    say_table(("a", "b"), [])
    assert capsys.readouterr().out == "a  b\n"


def test_json_is_for_every_console(capsys: pytest.CaptureFixture[str]) -> None:
    say_json({"é": "→"})
    out = capsys.readouterr().out
    assert out.isascii()
    assert json.loads(out) == {"é": "→"}


def test_findings_go_to_standard_error_whole(capsys: pytest.CaptureFixture[str]) -> None:
    finding = Finding("it broke", "here", "mend it", "warning")
    say_findings([finding, Finding("again")])
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", f"{finding}\nerror: again\n")


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0.0004, "0 ms"), (0.0123, "12 ms"), (0.9994, "999 ms"), (0.9996, "1.0 s"), (61.23, "61.2 s")],
)
def test_a_time_is_shown_in_the_unit_that_fits(value: float, shown: str) -> None:
    assert seconds(value) == shown
