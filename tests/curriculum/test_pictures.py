"""The pictures of the milestones show what they are given."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from tinytorch_core.pictures import (
    BLUE,
    RED,
    confusion,
    counted,
    curves,
    gallery,
    grids,
    heatmap,
    regions,
    save,
    tradeoff,
)

SVG = "{http://www.w3.org/2000/svg}"
STRONG = {"red": "#b2182b", "blue": "#2166ac"}


def elements(picture: str, kind: str) -> list[ElementTree.Element]:
    return list(ElementTree.fromstring(picture).iter(SVG + kind))


def texts(picture: str) -> list[str]:
    return [element.text or "" for element in elements(picture, "text")]


def is_red(color: str) -> bool:
    red, _, blue = (int(color[i : i + 2], 16) for i in (1, 3, 5))
    return red > blue


def test_a_heatmap_is_red_above_zero_and_blue_below() -> None:
    squares = elements(heatmap(np.array([[2.0, -2.0, 0.0]]), "signs"), "rect")[1:]
    assert [square.get("fill") for square in squares] == [STRONG["red"], STRONG["blue"], "#ffffff"]


def test_regions_are_red_where_the_model_says_yes_and_north_is_up() -> None:
    points = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0]])

    def chance(positions: np.ndarray) -> np.ndarray:
        return (positions[:, 1] > 0.5).astype(float)

    picture = regions(chance, points, [0, 1, 0], "yes in the north")
    for square in elements(picture, "rect")[1:]:
        middle = float(square.get("y", "")) + 2  # of a row of cells
        assert is_red(square.get("fill", "")) == (middle < 40 + 160)
    dots = elements(picture, "circle")
    assert [is_red(dot.get("fill", "")) for dot in dots] == [False, True, False]
    south, north, east = [(float(dot.get("cx", "")), float(dot.get("cy", ""))) for dot in dots]
    assert north[1] < south[1] == east[1]
    assert south[0] == north[0] < east[0]


def test_curves_rise_with_their_values_and_share_their_axes() -> None:
    picture = curves({"one": [0.0, 2.0, 4.0], "other <&>": [4.0, 0.0]}, "title", "step", "loss")
    one, other = (
        [tuple(map(float, point.split(","))) for point in line.get("points", "").split()]
        for line in elements(picture, "polyline")
    )
    assert one[0][1] > one[1][1] > one[2][1] == other[0][1]
    assert [x for x, _ in other] == [x for x, _ in one][:2]
    assert {"one", "other <&>", "title", "step", "loss", "0", "1"} <= set(texts(picture))


def test_long_names_of_curves_have_room() -> None:
    name = "a curve that has a long name"
    picture = curves({name: [1.0, 2.0], "short": [2.0, 1.0]}, "title", "step", "loss", width=640)
    (text,) = [each for each in elements(picture, "text") if each.text == name]
    assert float(text.get("x", "")) + 6.5 * len(name) < 640  # a letter is about 6.5 pixels wide
    (line, _) = elements(picture, "polyline")
    end = line.get("points", "").split()[-1].partition(",")[0]
    assert 200 < float(end) < float(text.get("x", ""))


@pytest.mark.parametrize("highest", [0.003, 0.7, 1.0, 6.9, 99.0, 300.0])
def test_an_axis_has_a_few_round_ticks(highest: float) -> None:
    picture = curves({"a": [highest / 2, highest]}, "", "", "")
    ticks = [text for text in texts(picture)[2:-2] if re.fullmatch(r"[0-9.e-]+", text)]
    assert 3 <= len(ticks) <= 10
    assert all(len(tick) <= 6 for tick in ticks)


def test_a_flat_curve_at_zero_can_be_drawn() -> None:
    assert elements(curves({"a": [0.0, 0.0]}, "", "", ""), "polyline")
    assert elements(curves({"a": [1.0]}, "", "", ""), "polyline")


def test_a_confusion_shows_every_count_and_tells_right_from_wrong() -> None:
    picture = confusion(np.array([[17, 1], [0, 23]]), "two classes")
    assert {"17", "1", "23"} <= set(texts(picture))
    right, wrong, nothing, also = (s.get("fill", "") for s in elements(picture, "rect")[1:])
    assert not is_red(right)
    assert is_red(wrong)
    assert nothing == "#ffffff"
    assert not is_red(also)


def test_answers_of_many_models_are_counted_together() -> None:
    counts = counted(np.array([0, 1, 2]), np.array([[0, 2, 2], [0, 2, 1]]))
    assert counts.tolist() == [[2, 0, 0], [0, 0, 2], [0, 1, 1]]


def test_pictures_are_saved_and_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    save({"one": "<svg/>", "other": "<svg>×</svg>"})
    assert (tmp_path / "other.svg").read_text(encoding="utf-8") == "<svg>×</svg>"
    assert capsys.readouterr().out == "\nLook at one.svg, other.svg.\n"


def test_a_gallery_is_ink_or_red_and_blue() -> None:
    ink = gallery(np.array([[[0.0, 1.0]]]), "ink", ["a caption"])
    assert [s.get("fill") for s in elements(ink, "rect")[1:]] == ["#ffffff", "#000000"]
    assert texts(ink) == ["a caption", "ink"]
    weights = gallery(np.array([[[-3.0, 3.0]]] * 9), "weights")
    colors = [s.get("fill") for s in elements(weights, "rect")[1:]]
    assert colors == [STRONG["blue"], STRONG["red"]] * 9


def test_grids_have_a_name_each_and_labels_for_rows_and_columns() -> None:
    weights = np.array([[1.0, 0.0, 0.0], [0.5, 0.5, 0.0]])
    picture = grids({"one": weights, "other": weights}, "abc", "xy", "where they look")
    assert texts(picture) == [*("one", *"abcxy"), *("other", *"abcxy"), "where they look"]
    squares = elements(picture, "rect")[1:]
    assert [s.get("fill") for s in squares[:3]] == [STRONG["blue"], "#ffffff", "#ffffff"]
    assert not is_red(squares[3].get("fill", ""))
    told = [element.text for element in elements(picture, "title")]
    assert told[3:5] == ["y to a: 0.50", "y to b: 0.50"]
    labels = {element.text: element for element in elements(picture, "text")}
    for square, column, row in zip(squares[6:], "abcabc", "xxxyyy", strict=True):
        place = [float(square.get(name, "")) for name in ("x", "y")]
        assert place[0] < float(labels[column].get("x", "")) < place[0] + 11
        assert place[1] < float(labels[row].get("y", "")) < place[1] + 11


def test_the_colors_are_those_of_the_constants() -> None:
    for name, color in (("red", RED), ("blue", BLUE)):
        assert STRONG[name] == "#" + "".join(f"{channel:02x}" for channel in color)


def test_a_tradeoff_has_less_to_the_left_and_equal_factors_apart() -> None:
    points = {
        "small": ((100.0, 100.0, 100.0), (3.0, 2.0, 4.0)),
        "middle": ((1000.0, 900.0, 1100.0), (2.0, 1.5, 2.5)),
        "large": ((10_000.0, 10_000.0, 10_000.0), (2.0, 1.5, 2.5)),
    }
    picture = tradeoff(points, ["middle", "small"], "title", "bytes", "% wrong")
    dots = [
        [float(dot.get(name, "")) for name in ("cx", "cy")] for dot in elements(picture, "circle")
    ]
    (x1, y1), (x2, y2), (x3, y3) = dots
    assert x2 - x1 == pytest.approx(x3 - x2, abs=0.2)
    assert y1 < y2 == y3
    bars = [line for line in elements(picture, "line") if line.get("stroke") != "#d0d0d0"]
    assert len(bars) == 6
    upright = bars[1]
    assert float(upright.get("y1", "")) > y1 > float(upright.get("y2", ""))  # from 2 up to 4
    (front,) = elements(picture, "polyline")
    assert front.get("points") == f"{x1},{y1} {x2},{y2}"
    assert {"small", "middle", "large", "title", "bytes", "% wrong", "100", "1000"} <= {
        *texts(picture)
    }


@pytest.mark.parametrize(("low", "high"), [(0.7, 1.2), (98.0, 99.4), (3.0, 9.0), (-0.2, 5.0)])
def test_a_tradeoff_has_a_few_round_ticks(low: float, high: float) -> None:
    points = {"a": ((50.0,) * 3, (low, low, low)), "b": ((70.0,) * 3, (high, high, high))}
    picture = tradeoff(points, ["a"], "", "", "")
    ticks = [text for text in texts(picture) if re.fullmatch(r"-?[0-9.]+", text)]
    assert 5 <= len(ticks) <= 14  # of both axes
    assert all(len(tick) <= 5 for tick in ticks)
    assert "60" in ticks
