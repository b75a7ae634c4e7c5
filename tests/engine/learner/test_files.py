"""A learner's file that cannot be read is told with what is wrong, and is never changed."""

from __future__ import annotations

import json
import re
from pathlib import Path

import nbformat
import pytest

from support import Learner, hand_in
from tito.errors import LearnerFileError
from tito.learner.files import read_learner_file

NOTEBOOK_3 = {"nbformat": 3, "nbformat_minor": 0, "metadata": {}, "worksheets": []}

UNREADABLE = {
    "not JSON": (b"{", "is not JSON"),
    "empty": (b"", "is not JSON"),
    "JSON, but no notebook": (b"[1, 2]", "not a notebook"),
    "notebook format 3": (json.dumps(NOTEBOOK_3).encode(), "format 3"),
    "notebook format 5": (b'{"nbformat": 5, "cells": []}', "format 5"),
    "no cells": (b'{"nbformat": 4}', "no notebook cells"),
    "not UTF-8": (b'{"nbformat": 4, "cells": ["\xe9"]}', "cannot be read"),
    "endless brackets": (b"[" * 100_000, "is not JSON"),
}


@pytest.mark.parametrize(("content", "words"), UNREADABLE.values(), ids=UNREADABLE)
def test_a_notebook_that_cannot_be_read_is_told_with_what_to_type(
    tmp_path: Path, content: bytes, words: str
) -> None:
    path = tmp_path / "counter.ipynb"
    path.write_bytes(content)
    with pytest.raises(LearnerFileError) as caught:
        read_learner_file(path, "modules/01_counter/counter.ipynb")
    (finding,) = caught.value.findings
    assert words in finding.message
    assert finding.where == "modules/01_counter/counter.ipynb"
    assert re.search("tito module reset counter$|jupyter nbconvert .*--nbformat 4", finding.fix)
    assert path.read_bytes() == content


def test_a_script_that_is_not_utf8_is_told(tmp_path: Path) -> None:
    path = tmp_path / "counter.py"
    path.write_bytes(b"x = '\xe9'")
    with pytest.raises(LearnerFileError, match="can't decode byte 0xe9"):
        read_learner_file(path, "counter.py")


def test_an_earlier_notebook_format_is_read_after_the_command_that_is_named(
    learner: Learner,
) -> None:
    """The command's own converter is nbformat: what it makes of format 3 is readable."""
    path = hand_in(learner, "counter")
    old = nbformat.convert(nbformat.read(path, 4), 3)  # type: ignore[no-untyped-call]
    path.write_text(json.dumps(old), encoding="utf-8")
    with pytest.raises(LearnerFileError, match="format 3"):
        read_learner_file(path, path.name)
    nbformat.write(nbformat.read(path, 4), path)  # type: ignore[no-untyped-call]
    assert len(read_learner_file(path, path.name).cells) > 5


@pytest.mark.parametrize("suffix", [".ipynb", ".py"])
def test_a_byte_order_mark_is_no_part_of_the_text(learner: Learner, suffix: str) -> None:
    path = hand_in(learner, "counter", suffix)
    plain = read_learner_file(path, path.name)
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert read_learner_file(path, path.name) == plain
