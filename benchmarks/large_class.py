"""Whether grading is linear, and its memory flat, up to a class that no hall holds.

    python benchmarks/large_class.py [SUBMISSIONS]

Of so many, 10,000 unless told otherwise: beside a hundred. With tests/ on PYTHONPATH.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from autograding import SMALL, growth
from classroom import classroom


def main(submissions: int = 10_000) -> int:
    with tempfile.TemporaryDirectory(prefix="tito-class-") as folder:
        root = Path(folder).resolve()
        small, large = classroom(root / "small", SMALL), classroom(root / "large", submissions)
        rows, reached = growth(small, large)
    print("\n".join(rows))
    return not reached


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
