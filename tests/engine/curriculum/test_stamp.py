"""A stamp says which module a file was made from; nothing else looks like one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tito.curriculum.stamp import stamp, stamped_module

NAMES = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Zl", "Zp"]), min_size=1)


@given(st.from_regex(r"[a-z][a-z0-9_]*", fullmatch=True), NAMES, st.text())
def test_a_stamp_says_which_module_was_made(module: str, source: str, text: str) -> None:
    line = stamp(module, source, text)
    assert stamped_module(line) == stamped_module(line + "\n") == module


@given(st.text(), st.text())
def test_another_text_has_another_stamp(one: str, other: str) -> None:
    same = stamp("counter", "x_dev.py", one) == stamp("counter", "x_dev.py", other)
    assert same == (one == other)


DIGEST = "0" * 64


@pytest.mark.parametrize(
    "line",
    [
        "",
        "\n",
        "import os",
        "# Made by tito",
        "# Made by tito from x [counter]",
        f"# Made by me from x [counter {DIGEST}]",
        f"# Made by tito from x [counter {DIGEST[1:]}]",
        f"# Made by tito from x [counter {DIGEST[1:]}g]",
        f" # Made by tito from x [counter {DIGEST}]",
        f"# Made by tito from x [counter {DIGEST}] by hand",
    ],
)
def test_what_tito_did_not_make_has_no_stamp(line: str) -> None:
    assert stamped_module(line) == ""
