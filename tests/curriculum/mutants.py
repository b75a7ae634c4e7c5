"""Law 2: runs the mutants of every tier's solutions, and writes docs/mutants.md.

    python tests/curriculum/mutants.py

Ends with the exit code of `tito dev mutants`: 1 if the tests of a module notice too few of them.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

PAGE = Path(__file__).parents[2] / "docs" / "mutants.md"
HEAD = """\
# Mutants

Do the graded tests of a lesson notice a mistake? Each solution is changed in one place, as a learner
might get it wrong: an operator, a constant, a boundary, a condition, a statement, an argument. The
lesson then runs with this mutant in it, and with no more than what the module requires. If a graded test
that the learner sees fails, the mutant is killed. At least 95 % of those that can be killed are to be,
in every module.

`python3 noxfile.py mutants` writes this page.

| module | mutants | killed | equivalent | share |
| --- | --- | --- | --- | --- |
"""
SURVIVORS = """
## Survivors

What no test notices.
"""
EQUIVALENT = """
## Equivalent

What nobody can tell from the solution, and why; from each module's `mutants.yaml`.
"""


def main() -> int:
    command = [sys.executable, "-m", "tito", "dev", "mutants", "--json"]
    done = subprocess.run(command, stdout=subprocess.PIPE, encoding="utf-8")
    if done.stdout:
        modules = json.loads(done.stdout)
        PAGE.write_text(page(modules), encoding="utf-8")
        for module in modules:
            print(f"{module['module']:16} {module['share']:.1%}")
    return done.returncode


def page(modules: list[dict[str, Any]]) -> str:
    survivors, equivalent = "", ""
    for module in modules:
        survived = [each for each in module["mutants"] if not each["killed_by"]]
        survivors += "".join(entries(module, [m for m in survived if not m["reason"]]))
        equivalent += "".join(entries(module, [m for m in survived if m["reason"]]))
    text = HEAD + "".join(map(row, modules))
    return (
        text
        + (SURVIVORS + survivors) * bool(survivors)
        + (EQUIVALENT + equivalent) * bool(equivalent)
    )


def row(module: dict[str, Any]) -> str:
    mutants = module["mutants"]
    equivalent = sum(bool(each["reason"]) for each in mutants)
    cells = (module["module"], len(mutants), module["killed"], equivalent, f"{module['share']:.1%}")
    return f"| {' | '.join(map(str, cells))} |\n"


def entries(module: dict[str, Any], mutants: list[dict[str, str]]) -> Iterator[str]:
    if mutants:
        yield f"\n### {module['module']}\n"
    for each in mutants:
        lines = [f"- {line}" for line in each["before"].split("\n")]
        lines += [f"+ {line}" for line in each["after"].split("\n")]
        yield f"\n`{each['task']}`: {each['reason']}".rstrip(": ") + "\n\n```diff\n"
        yield "\n".join(lines) + "\n```\n"


if __name__ == "__main__":
    sys.exit(main())
