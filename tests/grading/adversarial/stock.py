"""What stock nbgrader does with the hostile submissions: measured, and written to `stock.json`.

    python tests/grading/adversarial/stock.py [FAMILY…]

Each family is graded with an honest classmate by nbgrader's own autograde, in a container that sees
this machine, but can change nothing of it and has no network. An attack that would harm the
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
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests"))

if TYPE_CHECKING:
    from grading.adversarial.suite import Attack

MEASURED = Path(__file__).with_name("stock.json")
CELL, PATIENCE = 5, 12  # seconds that nbgrader gives a cell, and we a submission
CONFIG = f"c.ExecutePreprocessor.timeout = {CELL}\n"
MEMORY, FILE = 4 << 30, 64 << 20
LAST = "~classmate"


def main(families: list[str]) -> None:
    from grading.adversarial.hostile_class import hostile_course
    from grading.adversarial.suite import attacks

    found: dict[str, Any] = json.loads(MEASURED.read_text()) if families else {}
    with tempfile.TemporaryDirectory(prefix="tito-attacks-") as folder:
        root = Path(folder).resolve()
        with hostile_course(root) as (course, site):
            for family, group in groupby(attacks(), lambda attack: attack.family):
                if not families or family in families:
                    made = measured([a for a in group if not a.stock], root, course.root, site)
                    print(family, made, flush=True)
                    found.update(made)
                    MEASURED.write_text(json.dumps(found, indent=1, sort_keys=True) + "\n")


def measured(family: list[Attack], root: Path, course: Path, site: Path) -> dict[str, Any]:
    """What became of each attack of a family; they share a container, and a classmate comes last."""
    from grading.adversarial.hostile_class import put_classmate, words
    from grading.adversarial.suite import NAME
    from tito.grading.course import read_course

    home = root / "run"
    shutil.rmtree(home, ignore_errors=True)
    (home / "tmp").mkdir(parents=True)
    made = read_course(shutil.copytree(course, home / "course"))
    put_classmate(made, LAST)
    for attack in family:
        outside = home / "outside" / attack.name
        outside.mkdir(parents=True)
        said = words(made.root, site, outside)
        attack.put(made.submitted(attack.name, NAME), made.release(NAME), said)
    found = contained(home, len(family))
    if not found and len(family) > 1:  # one of them ended nbgrader for all
        middle = len(family) // 2
        halves = (measured(each, root, course, site) for each in (family[:middle], family[middle:]))
        return {name: about for half in halves for name, about in half.items()}
    for attack in family:
        about = found.setdefault(attack.name, {"points": None, "read": []})
        about["classmate"] = found.get(LAST, {}).get("points")
        about["wrote"] = bool(list((home / "outside" / attack.name).iterdir()))
    found.pop(LAST, None)
    return found


def contained(home: Path, number: int) -> dict[str, Any]:
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
            stdin=subprocess.DEVNULL, capture_output=True, timeout=PATIENCE * (number + 2),
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
