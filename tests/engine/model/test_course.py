"""A course that exists fits together; one that does not says everything that is wrong at once."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support import a_module as module
from support import a_tier as tier
from tito.errors import CourseError
from tito.model import Course, Milestone, Tier
from tito.model.course import conflicts


def milestone(name: str, year: int, *requires: str) -> Milestone:
    return Milestone(name, year, name.title(), "", requires, 1)


def problems(*tiers: Tier) -> list[str]:
    with pytest.raises(CourseError) as caught:
        Course(tiers)
    return [finding.message for finding in caught.value.findings]


BASE = tier(
    "base",
    module("tensor", 1, exports={"lib.core": ("Tensor",)}),
    module("layers", 3, ("tensor",), exports={"lib.nn": ("Linear", "Tensor")}),
    facades=("lib.core", "lib.nn", "lib.empty"),
    milestones=(milestone("1969_xor", 1969, "layers"), milestone("1958_perceptron", 1958)),
)
MORE = tier(
    "more",
    module("losses", 2, ("layers",), exports={"lib.nn": ("mse",)}),
    requires={"base": ">=1,<2"},
    milestones=(milestone("1958_also", 1958, "losses", "tensor"),),
)


def test_everything_that_is_wrong_is_said_at_once_with_both_owners() -> None:
    taken = module("tensor", 1, target="lib.core.tensor", exports={"lib.core": ("Tensor",)})
    circle = [module("egg", 8, ("hen",)), module("hen", 9, ("egg",))]
    other = tier(
        "other",
        taken,
        *circle,
        facades=("lib.core",),
        requires={"base": ">=2", "absent": ""},
        milestones=(milestone("1958_perceptron", 1958),),
    )
    found = problems(BASE, other)
    both = "lib-base and lib-other both claim the "
    for claim in (
        "target 'lib.core.tensor'",
        "name 'lib.core.Tensor'",
        "module id 'tensor'",
        "module number 1",
        "facade 'lib.core'",
        "milestone id '1958_perceptron'",
    ):
        assert both + claim in found
    assert "these modules require each other in a circle: egg → hen → egg" in found
    assert "lib-other 1.0 requires the tier 'absent', which is not installed" in found
    assert "lib-other 1.0 requires lib-base >=2, and lib-base 1.0 is installed" in found
    assert len(found) == 9


def test_two_tiers_of_one_id_are_told_apart_by_their_distributions() -> None:
    found = problems(tier("base"), tier("base", distribution="lib-fork", facades=()))
    assert found == ["lib-base and lib-fork both claim the tier id 'base'"]


def test_what_one_distribution_claims_twice_is_not_blamed_on_a_second() -> None:
    finding = conflicts((tier("base", module("tensor", 1), module("other", 1)),))[0]
    assert finding.message == "lib-base claims the module number 1 twice"
    assert "uninstall" not in finding.fix


def test_circles_of_tiers_and_each_circle_of_modules_are_found() -> None:
    circle = module("x", 1, ("y",)), module("y", 2, ("x",))
    first = tier("a", *circle, requires={"b": ""}, facades=("lib.core",))
    second = tier("b", module("self", 3, ("self",)), requires={"a": ""})
    assert problems(first, second) == [
        "these tiers require each other in a circle: a → b → a",
        "these modules require each other in a circle: x → y → x",
        "these modules require each other in a circle: self → self",
    ]


@given(st.integers(1, 30).flatmap(lambda n: st.tuples(st.just(n), st.integers(1, n))))
def test_a_chain_is_no_circle_until_its_end_requires_one_of_it(sizes: tuple[int, int]) -> None:
    length, back = sizes
    names = [f"m{n}" for n in range(1, length + 1)]
    chain = [module(name, n, tuple(names[:n][-1:])) for n, name in enumerate(names[1:], 1)]
    open_end = tier("base", module(names[0], 0), *chain)
    assert not conflicts((open_end,))
    closed = tier("base", module(names[0], 0, (names[back - 1],)), *chain)
    path = conflicts((closed,))[0].message.partition(": ")[2].split(" → ")
    assert sorted(path[1:]) == sorted(names[:back])
    assert path[0] == path[-1]


@pytest.mark.parametrize(
    ("version", "versions", "fits"),
    [
        ("1.0", "", True),
        ("1.0", ">=1,<2", True),
        ("2.0", ">=1,<2", False),
        ("1.1.dev0", ">=1,<2", True),  # who develops the next version has it installed
        ("1.0", "no range", False),
        ("no version", ">=1", False),
    ],
)
def test_a_tier_is_required_in_a_range_of_versions(version: str, versions: str, fits: bool) -> None:
    tiers = (tier("base", version=version), tier("more", requires={"base": versions}))
    if fits:
        assert Course(tiers).tiers == tiers
    else:
        wanted = f"lib-more 1.0 requires lib-base {versions}, and lib-base {version} is installed"
        assert problems(*tiers) == [wanted]


def test_modules_and_facades_that_nobody_brings_are_missing() -> None:
    lonely = tier(
        "lonely",
        module("layers", 1, ("tensor",), exports={"lib.nn": ("Linear",)}),
        facades=(),
        milestones=(milestone("1958_perceptron", 1958, "losses"),),
    )
    assert problems(lonely) == [
        "lib-lonely 1.0 requires the module 'tensor', for its 'layers'",
        "lib-lonely 1.0 requires the module 'losses', for its '1958_perceptron'",
        "lib-lonely 1.0 requires the facade 'lib.core', which no installed tier starts",
        "lib-lonely 1.0 requires the facade 'lib.nn', which no installed tier starts",
    ]


def test_an_owner_is_found_by_module_by_offered_name_and_by_what_stands_in_its_file() -> None:
    course = Course((BASE, MORE))
    expected = {
        "lib.core.tensor": "tensor",
        "lib.core.tensor._private": "tensor",
        "lib.core.Tensor": "tensor",
        "lib.nn.Tensor": "layers",
        "lib.nn.mse": "losses",
    }
    assert {name: getattr(course.owner(name), "id", "") for name in expected} == expected
    assert [course.owner(name) for name in ("lib", "lib.nn", "lib.nn.absent", "numpy.sum")] == [
        None
    ] * 4


def test_modules_and_milestones_stand_in_the_order_in_which_they_are_taught() -> None:
    course = Course((BASE, MORE))
    assert [each.id for each in course.modules] == ["tensor", "losses", "layers"]
    years = ["1958_also", "1958_perceptron", "1969_xor"]
    assert [each.id for each in course.milestones] == years


def test_facades_offer_the_names_of_all_tiers_and_are_there_when_empty() -> None:
    offered = Course((MORE, BASE)).facades
    owners = {facade: {n: m.id for n, m in names.items()} for facade, names in offered.items()}
    assert owners == {
        "lib.core": {"Tensor": "tensor"},
        "lib.nn": {"mse": "losses", "Linear": "layers", "Tensor": "layers"},
        "lib.empty": {},
    }


def test_requirements_are_the_modules_needed_directly_or_not() -> None:
    course = Course((BASE, MORE))
    assert course.requirements("losses") == {"losses", "layers", "tensor"}
    assert course.requirements("tensor", "tensor") == {"tensor"}
    assert course.requirements() == frozenset()
    assert course.tier_of(course.by_id["losses"]) == MORE
    assert course.by_target["lib.core.losses"].id == "losses"
