"""The page docs/attacks.md: what each hostile submission tries, and what comes of it.

    python tests/grading/adversarial/page.py

It holds what the suite demands of us, and what `stock.py` measured of nbgrader.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests"))

from grading.adversarial.stock import PATIENCE  # noqa: E402
from grading.adversarial.suite import CELLS, HERE, POINTS, Attack, attacks  # noqa: E402

PAGE = ROOT / "docs" / "attacks.md"
TOP = """\
# Hostile submissions

What `tests/grading/adversarial/` hands in, {number} submissions in {families} families. In CI all
of them are graded in one run, each with an honest classmate beside it. Whatever is tried: the run
ends in time; every classmate's result is, byte for byte, what it is without an attacker; nothing is
written but results; no process is left; and no solution, hidden test or classmate's file stands in
a result. The lesson has two exercises and three tests, worth 30, 30 and 40 points; most attacks
cheat in the first and do the second properly, which earns 30.

*earns*: points that are given without a person; *a person looks*: tests that passed, and get no
points until somebody has looked at the reason. `nox -s attacks` measures what nbgrader's own
autograde does with the same files, in a container without a network that cannot change the machine:
its points, and *reads* what stands in the outputs of the graded notebook afterwards: solutions,
hidden tests (nbgrader shows their lines in tracebacks), a classmate's work. *no grade*: it grades
nothing of that submission, and the instructor has to find out why; *none for a classmate*: its run
failed as a whole, or both submissions were not done after {patience} seconds. What in-process tests
cannot guarantee is in [Grading a class](grading.md#what-in-process-tests-cannot-guarantee).
"""


def page() -> str:
    every = attacks()
    measured = json.loads((HERE / "stock.json").read_text())
    families = [(name, list(group)) for name, group in groupby(every, lambda each: each.family)]
    parts = [TOP.format(number=len(every), families=len(families), patience=PATIENCE)]
    for name, group in families:
        rows = (_row(attack, measured.get(attack.name, {})) for attack in group)
        head = "| attack | tries | here | nbgrader |\n| --- | --- | --- | --- |\n"
        parts.append(f"## {name}\n\n{head}{''.join(rows)}")
    return "\n".join(parts)


def _row(attack: Attack, stock: dict[str, Any]) -> str:
    return f"| {attack.name} | {attack.tries} | {_here(attack)} | {_there(attack, stock)} |\n"


def _here(attack: Attack) -> str:
    outcomes = dict(zip(CELLS, attack.cells, strict=True))
    passed = sum(points for name, points in POINTS.items() if outcomes[name] == "passed")
    said = [f"earns {attack.earned}"]
    said += ["a person looks"] * bool(attack.flags and (passed or "any" in attack.cells))
    said += ["its cells are ended"] * ("killed" in attack.cells)
    said += ["it says why nothing can be read"] * (not any(attack.cells))
    return ", ".join(said)


def _there(attack: Attack, stock: dict[str, Any]) -> str:
    return "; ".join(_measured(stock)) if not attack.stock else f"not run: {attack.stock}"


def _measured(stock: dict[str, Any]) -> Iterator[str]:
    points = stock.get("points")
    yield "no grade" if points is None else f"{points:g}"
    if stock.get("read"):
        yield f"reads {', '.join(stock['read'])}"
    if stock.get("wrote"):
        yield "writes outside"
    if stock.get("classmate") is None:
        yield "**none for a classmate**"


if __name__ == "__main__":
    PAGE.write_text(page())
