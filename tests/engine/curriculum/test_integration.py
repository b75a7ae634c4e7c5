"""What an integration test needs is read from its file without importing it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tito.curriculum.integration import integration_files, requirements
from tito.errors import SourceError


@pytest.mark.parametrize(
    "line",
    [
        'REQUIRES = ("tensor", "layers")',
        'REQUIRES = ["tensor", "layers"]',
        'import nothing_like_this\nREQUIRES = (\n    "tensor",\n    "layers",\n)\nraise OSError',
    ],
)
def test_the_modules_are_read_without_running_the_file(tmp_path: Path, line: str) -> None:
    path = tmp_path / "test_it.py"
    path.write_text(f"{line}\n")
    assert requirements(path) == ("tensor", "layers")


BAD = {
    "none": ("def test_it(): pass", "has 0 lines REQUIRES", ""),
    "two": ("REQUIRES = ('a',)\nREQUIRES = ('b',)", "has 2 lines REQUIRES", ""),
    "empty": ("\nREQUIRES = ()", "is no list of module ids", ":2"),
    "one text": ("REQUIRES = 'tensor'", "is no list of module ids", ":1"),
    "a number": ("REQUIRES = ('tensor', 6)", "is no list of module ids", ":1"),
    "computed": ("REQUIRES = tuple(['a'])", "is no list of module ids", ":1"),
    "in a function": ("def f():\n    REQUIRES = ('a',)", "has 0 lines REQUIRES", ""),
    "no Python": ("REQUIRES = ('a',)\ndef f(:", "is not Python", ":2"),
    "null bytes": ("REQUIRES = ('a',)\0", "null bytes", ""),
    "Latin-1": ("REQUIRES = ('\udce9',)", "is not Python", ""),
}


@pytest.mark.parametrize(("text", "message", "line"), BAD.values(), ids=BAD)
def test_anything_else_is_one_finding(tmp_path: Path, text: str, message: str, line: str) -> None:
    path = tmp_path / "test_it.py"
    path.write_text(text, errors="surrogateescape")
    with pytest.raises(SourceError) as caught:
        requirements(path)
    (finding,) = caught.value.findings
    assert message in finding.message
    assert "test_it.py" in finding.message
    assert finding.where == f"{path}{line}" or (not line and finding.where.startswith(str(path)))
    assert 'REQUIRES = ("…", "…")' in finding.fix


def test_a_file_that_is_gone_is_one_finding(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="cannot be read"):
        requirements(tmp_path / "test_it.py")


def test_every_test_file_of_the_folder_is_found_in_order(tmp_path: Path) -> None:
    for name in ("tests/test_b.py", "tests/deep/er/test_a.py", "tests/helper.py", "test_no.py"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    found = [path.relative_to(tmp_path).as_posix() for path in integration_files(tmp_path)]
    assert found == ["tests/deep/er/test_a.py", "tests/test_b.py"]
    assert integration_files(tmp_path / "nowhere") == []
