"""A stamp says which module a file was made from; nothing else looks like one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tito.curriculum.stamp import is_intact, stamped, stamped_module

TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\r"))
NAMES = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Zl", "Zp"]), min_size=1)


@given(st.from_regex(r"[a-z][a-z0-9_]*", fullmatch=True), NAMES, st.text())
def test_a_stamp_says_which_module_was_made(module: str, source: str, text: str) -> None:
    line = stamped(module, source, text).partition("\n")[0]
    assert stamped_module(line) == stamped_module(line + "\n") == module


@given(TEXTS, TEXTS)
def test_another_text_has_another_stamp(one: str, other: str) -> None:
    first, second = (stamped("counter", "x_dev.py", text) for text in (one, other))
    assert (first.partition("\n")[0] == second.partition("\n")[0]) == (one == other)


@given(TEXTS, st.integers(0, 500), TEXTS)
def test_whatever_is_changed_by_hand_is_noticed(text: str, at: int, more: str) -> None:
    made = stamped("counter", "x_dev.py", text)
    assert is_intact(made)
    changed = made[:at] + more + made[at + 1 :]
    assert not is_intact(changed) or _same_but_for_the_source(changed, made)


@given(st.text())
def test_other_line_ends_are_no_change(text: str) -> None:
    made = stamped("counter", "x_dev.py", text)
    assert is_intact(made.replace("\r\n", "\n").replace("\r", "\n"))


def _same_but_for_the_source(one: str, other: str) -> bool:
    """The digest is that of the text; what the first line calls the source and module is not in it."""
    (first, _, rest), (second, _, more) = one.partition("\n"), other.partition("\n")
    return rest == more and first[-65:] == second[-65:]


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
