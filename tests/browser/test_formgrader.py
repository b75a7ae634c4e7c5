"""formgrader, in a real browser, on a course that we graded."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from support import environment
from tito.grading.course import CourseFolder

NAME, NOTEBOOK = "01_tensor", "tensor"
PATIENCE = 120  # seconds


@pytest.fixture(scope="session")
def server(course: CourseFolder, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of formgrader, served by Jupyter from the course's folder."""
    port, log = free_port(), tmp_path_factory.mktemp("server") / "log"
    command = [
        *(sys.executable, "-m", "jupyter_server", "--no-browser", "--allow-root"),
        *(f"--ServerApp.port={port}", "--ServerApp.port_retries=0", "--IdentityProvider.token="),
        "--ServerApp.jpserver_extensions={'nbgrader.server_extensions.formgrader': True}",
        f"--ServerApp.root_dir={course.root}",
    ]
    home = tmp_path_factory.mktemp("home")
    with log.open("wb") as out:
        process = subprocess.Popen(
            command, cwd=course.root, env=environment(HOME=str(home)), stdout=out, stderr=out
        )
    address = f"http://127.0.0.1:{port}/formgrader"
    try:
        wait_for(address, process, log)
        yield address
    finally:
        process.terminate()
        process.wait(30)


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def wait_for(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        assert process.poll() is None, log.read_text()
        try:
            with urllib.request.urlopen(address, timeout=10):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    raise AssertionError(log.read_text())


def see(browser: webdriver.Chrome, address: str, text: str) -> str:
    """Open a page and wait until it shows the text; returns all that it shows."""
    browser.get(address)
    wait = WebDriverWait(browser, PATIENCE)
    return str(wait.until(lambda b: (t := shown(b)) and text in t and t))


def shown(browser: webdriver.Chrome) -> str:
    return browser.find_element(By.TAG_NAME, "body").text


def test_it_opens_with_our_assignments_and_grades(server: str, browser: webdriver.Chrome) -> None:
    see(browser, f"{server}/manage_assignments", NAME)
    gradebook = see(browser, f"{server}/gradebook/{NAME}/{NOTEBOOK}", "Submission #4")
    for number in range(1, 5):
        assert f"Submission #{number}" in gradebook
    assert "100 / 100" in gradebook


def test_a_submission_shows_answers_flags_and_rubrics_and_runs_nothing(
    server: str, browser: webdriver.Chrome
) -> None:
    see(browser, f"{server}/gradebook/{NAME}/{NOTEBOOK}", "Submission #4")
    links = [
        link.get_attribute("href")
        for link in browser.find_elements(By.CSS_SELECTOR, "a[href*='/formgrader/submissions/']")
    ]
    pages = []
    for link in dict.fromkeys(filter(None, links)):
        pages.append(see(browser, link, "Student's answer"))
        assert browser.title != "stolen"
        alive = (
            "return typeof MathJax !== 'undefined' || document.querySelectorAll('.score').length"
        )
        assert browser.execute_script(alive)
    assert len(pages) == 4
    assert all("Rubric of question 1" in page for page in pages)
    assert sum("it equals everything" in page for page in pages) == 1
    assert sum("document.title = 'stolen'" in page for page in pages) == 1


def test_its_autograde_button_grades_in_our_sandbox(
    server: str, browser: webdriver.Chrome, course: CourseFolder
) -> None:
    result = course.result("student-00002", NAME)
    before = result.read_bytes()
    result.unlink()
    see(browser, f"{server}/manage_submissions/{NAME}/", "student-00002")
    wait = WebDriverWait(browser, PATIENCE)
    button = wait.until(
        lambda b: b.find_element(
            By.XPATH, "//tr[contains(., 'student-00002')]//td[contains(@class, 'autograde')]//a"
        )
    )
    button.click()
    wait.until(lambda b: "Successfully autograded" in shown(b))
    assert result.read_bytes() == before
    events = (course.root / "results" / "journal.jsonl").read_text().splitlines()
    assert json.loads(events[-1])["student"] == "student-00002"
