"""What stock nbgrader does with the hostile submissions: measured, and written to `stock.json`.

    python tests/grading/adversarial/stock.py [ATTACK or FAMILY…]

Each is graded with an honest classmate by nbgrader's own autograde, in a container that sees this
machine, but can change nothing of it and has no network. An attack that would harm the
machine even so says why it is not run.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests"))

if TYPE_CHECKING:
    from grading.adversarial.suite import Attack
    from tito.grading.course import CourseFolder

MEASURED = Path(__file__).with_name("stock.json")
CELL, PATIENCE = 5, 36  # seconds that nbgrader gives a cell, and we both submissions
CONFIG = f"c.ExecutePreprocessor.timeout = {CELL}\n"
MEMORY, FILE = 4 << 30, 64 << 20
LAST = "~classmate"
BUSY = "this machine is so busy that honest submissions are not graded in time; try again later"


def main(names: list[str]) -> None:
    from grading.adversarial.hostile_class import hostile_course
    from grading.adversarial.suite import attacks

    found: dict[str, Any] = json.loads(MEASURED.read_text()) if names else {}
    with tempfile.TemporaryDirectory(prefix="tito-attacks-") as folder:
        root = Path(folder).resolve()
        with hostile_course(root) as (course, site):
            for attack in attacks():
                if not attack.stock and (not names or {attack.name, attack.family} & set(names)):
                    found[attack.name] = measured(attack, root, course.root, site)
                    if found[attack.name]["classmate"] is None and is_busy(root, course.root):
                        sys.exit(f"{attack.name}: {BUSY}")
                    print(attack.name, found[attack.name], flush=True)
                    MEASURED.write_text(json.dumps(found, indent=1, sort_keys=True) + "\n")


def measured(attack: Attack, root: Path, course: Path, site: Path) -> dict[str, Any]:
    """What became of it, and of the classmate who is graded after it."""
    from grading.adversarial.hostile_class import put_classmate, words
    from grading.adversarial.suite import NAME

    made, outside = fresh(root, course)
    put_classmate(made, LAST)
    said = words(made.root, site, outside)
    attack.put(made.submitted(attack.name, NAME), made.release(NAME), said)
    found = contained(root / "run")
    nothing = {"points": None, "read": []}
    about = found.get(attack.name, nothing)
    about["classmate"] = found.get(LAST, nothing)["points"]
    return about | {"wrote": bool(list(outside.iterdir()))}


def is_busy(root: Path, course: Path) -> bool:
    """Whether two honest submissions are not done in time, either: then it was not the attack."""
    from grading.adversarial.hostile_class import put_classmate

    made, _ = fresh(root, course)
    honest = ("classmate", LAST)
    for name in honest:
        put_classmate(made, name)
    return contained(root / "run").keys() != set(honest)


def fresh(root: Path, course: Path) -> tuple[CourseFolder, Path]:
    """A copy of the course, in a folder of its own, and a folder outside of it."""
    from tito.grading.course import read_course

    home = root / "run"
    shutil.rmtree(home, ignore_errors=True)
    outside = home / "outside"
    for folder in (outside, home / "tmp"):
        folder.mkdir(parents=True)
    return read_course(shutil.copytree(course, home / "course")), outside


def contained(home: Path) -> dict[str, Any]:
    """Run `inside` in a container that may write to `home` only. Empty if it does not come back."""
    container = (
        "bwrap",
        "--unshare-all",
        "--die-with-parent",
        "--new-session",
        "--cap-drop",
        "ALL",
    )
    view = ("--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc", "--tmpfs", "/run")
    inner = (sys.executable, __file__, "--inside", str(home / "course"))
    try:
        done = subprocess.run(
            (*container, *view, "--bind", str(home), str(home), "--", *inner),
            env={**os.environ, "TMPDIR": str(home / "tmp"), "HOME": str(home)},
            stdin=subprocess.DEVNULL, capture_output=True, timeout=PATIENCE,
            preexec_fn=limited,
        )  # fmt: skip
        return dict(json.loads(done.stdout.splitlines()[-1]))
    except (subprocess.TimeoutExpired, ValueError, IndexError):
        return {}


def limited() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_FSIZE, (FILE, FILE))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def inside(root: Path) -> None:
    """In the container: grade, and print what came of it as a line of JSON."""
    from grading.adversarial.suite import NAME
    from tito.errors import CourseFolderError
    from tito.grading import oracle
    from tito.grading.course import read_course

    course = read_course(root)
    config = oracle.CONFIG.format(root=str(root), name=course.config.name) + CONFIG
    (root / "nbgrader_config.py").write_text(config)
    with suppress(CourseFolderError):
        oracle.autograde(course, NAME)
    found = {}
    for student, grades in oracle.grades(course, NAME).items():
        points = sum(score or 0 for score in grades.values())
        found[student] = {"points": points, "read": read(course.autograded(student, NAME))}
    print(json.dumps(found))


def read(path: Path) -> list[str]:
    """The secrets that stand in the outputs of the graded notebook."""
    from grading.adversarial.suite import MARKERS

    try:
        cells = json.loads(path.read_text())["cells"]
    except (OSError, ValueError):
        return []
    shown = json.dumps([cell.get("outputs") for cell in cells])
    return [marker.partition("-")[0] for marker in MARKERS if marker in shown]


if __name__ == "__main__":
    if sys.argv[1:2] == ["--inside"]:
        inside(Path(sys.argv[2]))
    else:
        main(sys.argv[1:])
