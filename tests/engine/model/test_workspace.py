"""Where a learner's files lie."""

from pathlib import Path

from support import a_module
from tito.model import Workspace


def test_a_module_has_a_folder_and_is_imported_from_its_own_file(tmp_path: Path) -> None:
    workspace, module = Workspace(tmp_path, ("base",)), a_module("sgd", 7, target="lib.optim.sgd")
    assert workspace.folder(module) == tmp_path / "modules" / "07_sgd"
    assert workspace.own_file(module) == tmp_path / "lib" / "optim" / "sgd.py"


def test_a_dot_in_the_folders_name_does_not_end_the_file_name() -> None:
    workspace = Workspace(Path("/home/me/course.v2"), ())
    assert workspace.own_file(a_module("sgd", 7)) == workspace.root / "lib" / "core" / "sgd.py"
