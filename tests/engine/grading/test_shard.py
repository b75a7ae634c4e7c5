"""Parts of a class: always the same, and each student is in exactly one."""

from __future__ import annotations

import pytest

from tito.errors import UsageError
from tito.grading.shard import Shard, parse_shard

CLASS = [f"student-{n}" for n in range(1000)] + ["ä", "\udcff"]


@pytest.mark.parametrize("count", [1, 2, 8, 100])
def test_each_student_is_in_one_part(count: int) -> None:
    parts = [{s for s in CLASS if Shard(n, count).has(s)} for n in range(1, count + 1)]
    assert sum(map(len, parts)) == len(CLASS)
    assert set.union(*parts) == set(CLASS)
    assert max(map(len, parts)) < 3 * len(CLASS) / count


def test_the_parts_are_the_same_on_every_machine_and_for_ever() -> None:
    assert [n for n in range(20) if Shard(1, 4).has(f"student-{n}")] == [1, 2, 9, 16, 18]


def test_a_part_is_written_as_a_fraction() -> None:
    assert parse_shard("3/8") == Shard(3, 8)
    assert str(parse_shard("3/8")) == "3-of-8"


@pytest.mark.parametrize(
    "text", ["0/8", "9/8", "3", "3/0", "-1/8", "a/b", "1/8/2", "", "1/9999999"]
)
def test_anything_else_is_explained(text: str) -> None:
    with pytest.raises(UsageError, match="the first of eight parts is 1/8"):
        parse_shard(text)
