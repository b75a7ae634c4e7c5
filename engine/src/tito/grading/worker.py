"""A process that grades one submission after the other: `python -m tito.grading.worker PARENT`.

Each line of stdin is a brief or a piece of work; each gets one line of JSON as its answer. A
student's code does not run in this process: the judge keeps it in its sandbox.
"""

from __future__ import annotations

import json
import os
import sys
from contextlib import ExitStack
from typing import Any

from tito.errors import TitoError
from tito.grading.bench import Bench, OtherGrader
from tito.grading.brief import load_brief, load_work
from tito.grading.result import dump
from tito.learner.runner import guard


def main(parent: str) -> None:
    guard(int(parent))
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8", buffering=1)
    os.dup2(2, 1)  # what anything prints is no answer
    desk = Desk()
    with desk.stack:
        for line in sys.stdin:
            answers.write(json.dumps(desk.answer(json.loads(line))) + "\n")


class Desk:
    """The bench on which we work now; the one before is cleared first."""

    def __init__(self) -> None:
        self.stack = ExitStack()
        self.bench: Bench | None = None

    def answer(self, message: dict[str, str]) -> dict[str, Any]:
        try:
            if "brief" in message:
                self._start(message["brief"])
                return {"ready": True}
            assert self.bench
            result = dump(self.bench.grade(load_work(message["work"])))
            return {"result": result, "sandbox": self.bench.sandbox, "weak": self.bench.weak}
        except OtherGrader as error:
            return {"refused": str(error)}
        except TitoError as error:
            return {"refused": error.findings[0].message}
        except Exception as error:  # a mistake of ours must not cost the others their grades
            return {"problem": f"{type(error).__name__}: {error}"}

    def _start(self, brief: str) -> None:
        self.stack.close()
        self.bench = None
        self.bench = self.stack.enter_context(Bench(load_brief(brief)))


if __name__ == "__main__":
    main(*sys.argv[1:])
