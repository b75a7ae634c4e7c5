"""The class page, in a real browser: it opens, asks for nothing else, and can be read."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By

from support import tito
from tito.grading.course import CourseFolder
from tito.grading.result import load

NAME = "01_tensor"
EVIL = "<script>document.title = 'stolen'</script><img src=x onerror=\"document.title='stolen'\">"
LEAST = 4.5  # contrast of text that everybody can read: WCAG 2, level AA


def reported(course: CourseFolder, *options: str) -> Path:
    done = tito("course", "report", *options, cwd=course.root)
    assert done.code == 0, done.err
    return course.root / "report.html"


def shown(browser: webdriver.Chrome, page: Path) -> str:
    """What the page shows. It has not asked for anything but itself, and nothing went wrong."""
    browser.get("about:blank")
    for log in ("performance", "browser"):
        browser.get_log(log)  # what another page did
    browser.get(page.as_uri())
    said = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    asked = [
        each["params"]["request"]["url"]
        for each in said
        if each["method"] == "Network.requestWillBeSent"
    ]
    assert asked == [page.as_uri()]
    assert browser.get_log("browser") == []
    return browser.find_element(By.TAG_NAME, "body").text


def table(browser: webdriver.Chrome, title: str) -> list[list[str]]:
    """The rows of the table under this title, as they are seen."""
    under = f"//h2[.='{title}']/following-sibling::div[1]//tbody/tr"
    return [
        [cell.text for cell in row.find_elements(By.TAG_NAME, "td")]
        for row in browser.find_elements(By.XPATH, under)
    ]


def test_it_shows_where_the_class_stands_and_names_nobody(
    course: CourseFolder, browser: webdriver.Chrome
) -> None:
    text = shown(browser, reported(course))
    assert "4 students, 4 of 4 submissions graded" in text
    assert not re.search(r"student-\d", text)
    results = [load(course.result(each, NAME).read_text()) for each in course.students(NAME)]
    earned = sorted((round(100 * each.earned / each.points) for each in results), reverse=True)
    seen = table(browser, "Who stands where")
    assert [int(row[1].partition("%")[0]) for row in seen] == earned
    assert sum("⚑" in row[1] for row in seen) == 1
    assert len(table(browser, "Every task")) == sum(s.points > 0 for s in results[0].scores)


def test_a_flag_stands_there_with_its_reason_and_with_a_name_if_asked_for(
    course: CourseFolder, browser: webdriver.Chrome
) -> None:
    shown(browser, reported(course))
    [[who, assignment, _, why]] = table(browser, "Flags")
    assert (assignment, why) == (NAME, "it equals everything")
    shown(browser, reported(course, "--names"))
    [[named, *_]] = table(browser, "Flags")
    assert who.startswith("student ")
    assert named == "student-00001"


def test_what_a_submission_says_is_text(
    course: CourseFolder, browser: webdriver.Chrome, tmp_path: Path
) -> None:
    other = CourseFolder(tmp_path / "class", course.config)
    shutil.copytree(course.root, other.root)
    path = other.result("student-00001", NAME)
    path.write_text(path.read_text().replace("it equals everything", json.dumps(EVIL)[1:-1]))
    shown(browser, reported(other, "--names"))
    assert table(browser, "Flags")[0][-1] == EVIL
    assert browser.title == "browser: the class"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_its_text_can_be_read(scheme: str, course: CourseFolder, browser: webdriver.Chrome) -> None:
    wanted = [{"name": "prefers-color-scheme", "value": scheme}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": wanted})
    shown(browser, reported(course))
    ink = browser.execute_script(
        "return ['body', '.pale', 'caption'].map("
        "s => getComputedStyle(document.querySelector(s)).color)"
    )
    back = color(browser.execute_script("return getComputedStyle(document.body).backgroundColor"))
    assert (sum(back) < 3 * 128) == (scheme == "dark")
    assert min(contrast(color(each), back) for each in ink) >= LEAST


def color(said: str) -> list[float]:
    return [float(part) for part in re.findall(r"[\d.]+", said)[:3]]


def contrast(one: list[float], other: list[float]) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(parts: list[float]) -> float:
    """As WCAG 2 has it."""
    linear = [
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4
        for c in (p / 255 for p in parts)
    ]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def test_on_a_phone_only_tables_scroll_sideways(
    course: CourseFolder, browser: webdriver.Chrome
) -> None:
    narrow: dict[str, Any] = {"width": 360, "height": 740, "deviceScaleFactor": 1, "mobile": True}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", narrow)
    shown(browser, reported(course))
    assert browser.execute_script("return document.documentElement.scrollWidth") <= 360
    browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
