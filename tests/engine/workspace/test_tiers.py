"""The list of tiers in `tito.toml` is changed, and nothing else in there."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from tito.errors import WorkspaceError
from tito.workspace.find import read_workspace, render
from tito.workspace.tiers import set_tiers

UNUSUAL = {
    "as tito init writes it": render(("base",)),
    "over several lines": '# mine\nformat = 1\ntiers = [\n  "base",  # the first\n]\nprovided = ["x"]\n',
    "with blanks and a comment": 'format = 1\n  tiers=["base"] # all of it\n',
    "with another list above": 'provided = ["base"]\nformat = 1\ntiers = ["base"]\n',
    "with what looks like it in a comment": '# tiers = []\nformat = 1\ntiers = ["base"]\n',
}


@pytest.mark.parametrize("text", UNUSUAL.values(), ids=UNUSUAL)
def test_only_the_tiers_change(tmp_path: Path, text: str) -> None:
    path = tmp_path / "tito.toml"
    path.write_text(text)
    set_tiers(read_workspace(tmp_path), ["base", "more"])
    assert read_workspace(tmp_path).tiers == ("base", "more")
    assert tomllib.loads(path.read_text()) == tomllib.loads(text) | {"tiers": ["base", "more"]}
    comments = [line.partition("#")[2] for line in text.splitlines() if line.startswith("#")]
    assert all(comment in path.read_text() for comment in comments)


def test_a_file_that_it_does_not_understand_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "tito.toml"
    text = 'format = 1\n"tiers" = ["base"]\n'
    path.write_text(text)
    with pytest.raises(WorkspaceError, match="write the line yourself") as error:
        set_tiers(read_workspace(tmp_path), ["base", "more"])
    assert str(path) in str(error.value)
    assert path.read_text() == text
