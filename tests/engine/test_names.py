"""What a person meant by a name is found, or said."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tito.errors import UsageError
from tito.names import pick, unknown

LAYERS, LOSSES = object(), object()
MODULES = {"layers": LAYERS, "03": LAYERS, "losses": LOSSES, "04": LOSSES}


def refused(name: str) -> tuple[str, str]:
    with pytest.raises(UsageError) as caught:
        pick(name, MODULES, "module", "tito module list")
    [finding] = caught.value.findings
    return finding.message, finding.fix


@pytest.mark.parametrize(
    ("name", "found"),
    [("layers", LAYERS), ("03", LAYERS), ("la", LAYERS), ("loss", LOSSES), ("04", LOSSES)],
)
def test_a_name_or_the_only_one_that_starts_so_is_meant(name: str, found: object) -> None:
    assert pick(name, MODULES, "module", "tito module list") is found


def test_a_whole_name_is_meant_although_another_starts_so() -> None:
    assert pick("nn", {"nn": 1, "nnx": 2}, "tier", "tito tier list") == 1


def test_two_names_of_one_thing_are_no_doubt() -> None:
    assert pick("la", {"layers": LAYERS, "layers-3": LAYERS}, "module", "x") is LAYERS


def test_a_name_that_could_be_several_says_which() -> None:
    assert refused("l") == ("'l' could be any of: layers, losses", "type one more letter")
    assert refused("0")[0] == "'0' could be any of: 03, 04"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("layer5", "there is no module 'layer5'; did you mean 'layers'?"),
        ("LOSSES", "there is no module 'LOSSES'"),
        ("optimizers", "there is no module 'optimizers'"),
        ("", "there is no module ''"),
    ],
)
def test_a_name_that_nothing_has_is_told_with_what_it_looks_like(name: str, message: str) -> None:
    assert refused(name) == (message, "tito module list shows what there is")


@given(st.text(), st.lists(st.text(), max_size=4))
def test_any_name_is_found_or_refused_with_a_way_on(name: str, names: list[str]) -> None:
    things = {each: each for each in names}
    starting = {each for each in names if each.startswith(name) and name}
    if name in things or len(starting) == 1:
        assert pick(name, things, "thing", "list") in {name, *starting}
    else:
        with pytest.raises(UsageError) as caught:
            pick(name, things, "thing", "list")
        assert caught.value.findings[0].fix
        assert caught.value.exit_code == 2


def test_the_most_alike_name_is_proposed() -> None:
    assert (
        "did you mean 'status'?" in unknown("statsu", ["start", "status"], "command", "x").message
    )
