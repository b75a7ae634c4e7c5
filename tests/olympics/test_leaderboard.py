"""The board: only sealed results, names that are only names, a page that needs nothing else."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest
from tinytorch_profiling.olympics.errors import Refused
from tinytorch_profiling.olympics.leaderboard import leaderboard
from tinytorch_profiling.olympics.picture import Scale
from tinytorch_profiling.olympics.result import dump, load, read_key, write

from contenders import hand_in
from results import KEY, a_result


def board(folder: Path) -> tuple[str, dict[str, object], list[str]]:
    """The page, the data, and what was said."""
    written, _, findings = leaderboard(folder, KEY)
    page, data = (path.read_text(encoding="utf-8") for path in written)
    return page, json.loads(data), [finding.message for finding in findings]


# Seals


def test_a_result_comes_back() -> None:
    result = a_result("Ärmel", claims={"bytes": 1.0}, refuted=("bytes",), flags=("odd",))
    assert load(dump(result, KEY), KEY, "it") == result


def numbers(value: object, path: tuple[object, ...] = ()) -> list[tuple[object, ...]]:
    """Where in the data something stands that is no table."""
    if isinstance(value, dict):
        return [found for key, part in value.items() for found in numbers(part, (*path, key))]
    return [path]


def test_no_figure_can_be_changed_by_hand() -> None:
    data = json.loads(dump(a_result(refuted=("x",), flags=("y",), claims={"bytes": 1.0}), KEY))
    paths = numbers(data["result"])
    assert len(paths) > 40
    for path in paths:
        changed = json.loads(json.dumps(data))
        place = changed["result"]
        for key in path[:-1]:
            place = place[key]
        old = place[path[-1]]
        place[path[-1]] = old + old[:1] if isinstance(old, list | str) else old + 1
        with pytest.raises(Refused, match=r"not those that were measured|format 2"):
            load(json.dumps(changed), KEY, path)


def test_another_verifiers_key_does_not_open_it() -> None:
    with pytest.raises(Refused, match="another key"):
        load(dump(a_result(), KEY), KEY[::-1], "it")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"seal": 1, "result": {}}',
        "[" * 9999,
        '{"seal": "", "result": {"format": 1}}',
    ],
)
def test_what_is_no_result_is_refused(text: str) -> None:
    with pytest.raises(Refused, match="it is no result"):
        load(text, KEY, "it")


def test_a_key_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "tito" / "olympics.key"
    with pytest.raises(Refused, match="no key"):
        read_key(path)
    said: list[str] = []
    key = read_key(path, make=said.append)
    assert len(key) == 32
    assert read_key(path, make=said.append) == read_key(path) == key
    assert len(said) == 1
    assert path.stat().st_mode & 0o777 == 0o600
    path.write_text("00")
    with pytest.raises(Refused, match="no key"):
        read_key(path)


# The folder


def test_only_what_was_sealed_counts(tmp_path: Path) -> None:
    write(tmp_path, "a", a_result("Ann"), KEY)
    forged = write(tmp_path, "b", a_result("Bob", bytes=5000), KEY)
    text = forged.read_text().replace("5000.0", "5.0")
    forged.write_text(text)
    (tmp_path / "c.result.json").write_bytes(b"\xff")
    page, data, said = board(tmp_path)
    assert "Ann" in page
    assert "Bob" not in page
    assert "Bob" not in json.dumps(data)
    assert [
        bool(re.search("not those that were measured|cannot be read", each)) for each in said
    ] == [
        True,
        True,
    ]


def test_an_archive_that_was_changed_since_is_not_verified(tmp_path: Path) -> None:
    path = hand_in(tmp_path)
    from tinytorch_profiling.olympics.submission import read

    write(tmp_path, "entry", a_result("Ann", submission=read(path).digest), KEY)
    assert board(tmp_path)[2] == []
    path.write_bytes(path.read_bytes() + b"x")
    assert board(tmp_path)[2] == ["it is not verified, or was changed since"]


def test_of_one_submission_the_latest_result_counts(tmp_path: Path) -> None:
    old, new = a_result("A", bytes=1), a_result("A", bytes=2)
    verifier = new.verifier.__class__(**{**vars(new.verifier), "date": "2027-01-01 00:00 UTC"})
    write(tmp_path, "new", new.__class__(**{**vars(new), "verifier": verifier}), KEY)
    write(tmp_path, "old", old, KEY)
    (row,) = board(tmp_path)[1]["models"]["1986_mlp"]["smallest"]  # type: ignore[index]
    assert row["measured"]["bytes"]["value"] == 2


def test_an_empty_folder_makes_an_empty_board_and_none_an_error(tmp_path: Path) -> None:
    assert "Nobody competes yet" in board(tmp_path)[0]
    with pytest.raises(Refused, match="no such folder"):
        leaderboard(tmp_path / "nothing", KEY)


# The page


class Look(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs


HOSTILE = "<script>alert(1)</script>&\"'<img src=//x onerror=x>"


def test_names_are_only_names_and_nothing_is_fetched(tmp_path: Path) -> None:
    for n, name in enumerate((HOSTILE, "Ann")):
        write(tmp_path, f"{n}", a_result(name, bytes=100 + n, flags=(HOSTILE,)), KEY)
    page, data, _ = board(tmp_path)
    look = Look()
    look.feed(page)
    assert not {"script", "img", "link", "iframe", "object", "a"} & set(look.tags)
    for name, value in look.attributes:
        assert not name.startswith("on")
        assert name not in ("src", "href", "srcset")
        assert "//" not in (value or "")
    assert "url(" not in page
    assert "default-src 'none'" in page
    assert page.count("&lt;script&gt;") > 4
    assert data["models"]["1986_mlp"]["smallest"][0]["name"] == HOSTILE  # type: ignore[index]


def test_every_figure_stands_there_with_its_spread(tmp_path: Path) -> None:
    write(tmp_path, "a", a_result("Ann", bytes=1234, accuracy=0.981, time=0.5), KEY)
    page, _, _ = board(tmp_path)
    for said in ("1,234", "exact", "98.1 %", "97.1 % to 99.1 %", "0.50 ×", "0.45 × to 0.55 ×"):
        assert said in page, said


def test_both_schemes_have_colours(tmp_path: Path) -> None:
    page, _, _ = board(tmp_path)
    light, dark = (
        set(re.findall(r"(--\w+):", part))
        for part in (page.split("@media")[0], page.split("@media")[1].split("body")[0])
    )
    assert light == dark
    used = set(re.findall(r"var\((--\w+)\)", page))
    assert used <= light


def test_pictures_are_whole_and_mark_everybody_who_has_a_place(tmp_path: Path) -> None:
    names = {"Ann": 0.97, "Bob": 0.98, "Eve": 0.2, HOSTILE: 0.96}
    for n, (name, accuracy) in enumerate(names.items()):
        write(tmp_path, f"{n}", a_result(name, bytes=100 * 3**n, accuracy=accuracy), KEY)
    page, _, _ = board(tmp_path)
    drawn = re.findall(r"<svg.*?</svg>", page, re.DOTALL)
    assert len(drawn) == 2
    for each in drawn:
        picture = ElementTree.fromstring(each)
        entries = [g.find("title") for g in picture.iter("g") if g.get("class") == "entry"]
        assert len(entries) == 3, "Eve has no place"
        width, height = map(float, picture.get("viewBox", "").split()[2:])
        for circle in picture.iter("circle"):
            assert 0 < float(circle.get("cx", "")) < width
            assert 0 < float(circle.get("cy", "")) < height


@pytest.mark.parametrize(
    ("low", "high", "log"),
    [(0.2, 7, True), (2000, 90_000, True), (0.9, 1.1, True), (0.95, 0.99, False), (5, 5, True)],
)
def test_ticks_are_round_few_and_within(low: float, high: float, log: bool) -> None:
    scale = Scale([low, high], (0, 100), log)
    ticks = scale.ticks()
    assert 2 <= len(ticks) <= 12
    assert all(0 <= scale(tick) <= 100 for tick in ticks)
    assert all(float(f"{tick:.3g}") == pytest.approx(tick) for tick in ticks)
    assert scale(low) <= scale(high)
