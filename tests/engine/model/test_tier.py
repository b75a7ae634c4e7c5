"""What a tier's parts derive from what they store."""

import pytest

from support import a_module
from tito import model
from tito.model import Task


@pytest.mark.parametrize(("number", "folder"), [(1, "01_tensor"), (20, "20_tensor")])
def test_a_folder_is_called_by_number_and_id_and_sorts_like_them(number: int, folder: str) -> None:
    assert a_module("tensor", number).folder == folder


def test_a_modules_points_are_those_of_its_tests() -> None:
    tests = (model.Test("a", "", 60), model.Test("b", "", 40))
    assert a_module("tensor", 1).points == 0
    assert a_module("tensor", 1, tests=tests).points == 100


def test_a_task_names_itself_as_its_stub_does() -> None:
    assert str(Task("tensor-matmul", "1.4", "matmul")) == "Task 1.4: matmul"
