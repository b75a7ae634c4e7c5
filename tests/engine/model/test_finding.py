"""Places and findings read as a person would write them."""

import pytest

from tito.model import Finding, Place


@pytest.mark.parametrize(
    ("place", "text"),
    [
        (Place("tensor_dev.py"), "tensor_dev.py"),
        (Place("tensor_dev.py", 12), "tensor_dev.py:12"),
        (Place("tensor.ipynb", 0, 3), "tensor.ipynb, cell 3"),
        (Place("tensor.ipynb", 12, 3), "tensor.ipynb, cell 3, line 12"),
    ],
)
def test_a_place_names_what_it_knows(place: Place, text: str) -> None:
    assert str(place) == text


def test_a_finding_says_what_is_wrong_where_and_what_is_next() -> None:
    lines = str(Finding("it broke", "here", "mend it", "warning")).splitlines()
    assert lines == ["warning: it broke", "  where: here", "  next:  mend it"]


def test_a_finding_leaves_out_what_it_does_not_know() -> None:
    assert str(Finding("it broke")) == "error: it broke"
