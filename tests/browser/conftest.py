"""A browser, and a course that we graded.

Needs Chromium and its driver: `apt install chromium chromium-driver` on Debian.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium import webdriver

from curriculum_support import folder, tiers
from grading.synthetic import class_of
from tito.grading.course import CourseFolder
from tito.grading.generate import generate
from tito.grading.gradebook import record
from tito.grading.new import new_course
from tito.grading.regrade import regrade
from tito.grading.settings import Settings
from tito.grading.syllabus import syllabus

NAME = "01_tensor"
EVIL = "<script>document.title = 'stolen'</script><img src=x onerror=\"document.title='stolen'\">"


@pytest.fixture(scope="session")
def course(tmp_path_factory: pytest.TempPathFactory) -> CourseFolder:
    """Four students have handed in 01_tensor; one of them a script, and one is flagged."""
    made = new_course(tmp_path_factory.mktemp("course") / "class", "browser", ("foundation",))
    taught = syllabus(made)
    module = taught.module("tensor")
    generate(taught, module)
    for handed in class_of(made, folder(tiers().course().by_id["tensor"]), 4):
        handed.put(made.root / "submitted", NAME)
    answer_with_a_script(made.submitted("student-00000", NAME) / "tensor.ipynb")
    regrade(made, NAME, [], Settings())
    flag(made.result("student-00001", NAME))
    record(made, NAME)
    return made


def answer_with_a_script(path: Path) -> None:
    notebook = json.loads(path.read_text(encoding="utf-8"))
    for cell in notebook["cells"]:
        if cell["metadata"].get("nbgrader", {}).get("grade_id") == "question-1":
            cell["source"] = [EVIL]
    path.write_text(json.dumps(notebook), encoding="utf-8")


def flag(path: Path) -> None:
    result = json.loads(path.read_text(encoding="utf-8"))
    remark = {"kind": "flag", "cell": "test-tensor-views", "text": "it equals everything"}
    path.write_text(json.dumps(result | {"remarks": [remark]}), encoding="utf-8")


@pytest.fixture(scope="session")
def browser() -> Iterator[webdriver.Chrome]:
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or ""
    for switch in ("headless=new", "disable-dev-shm-usage", "window-size=1400,1000"):
        options.add_argument(f"--{switch}")
    if os.geteuid() == 0:
        options.add_argument("--no-sandbox")  # Chromium's own does not work as root
    options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
    service = webdriver.ChromeService(shutil.which("chromedriver"))
    driver = webdriver.Chrome(options, service)
    yield driver
    driver.quit()
