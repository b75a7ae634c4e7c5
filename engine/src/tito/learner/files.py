"""Reads what a learner works in: a notebook, or a percent script."""

from __future__ import annotations

from pathlib import Path

from tito.curriculum.source import Source, Unreadable, read_notebook, read_percent
from tito.errors import LearnerFileError
from tito.model import Finding


def read_learner_file(path: Path, shown: str) -> Source:
    """The cells of the file that messages call `shown`. Raises LearnerFileError."""
    try:
        return as_source(path.read_text(encoding="utf-8-sig"), path.suffix, shown)
    except Unreadable as error:
        raise LearnerFileError(error.finding) from None
    except (OSError, UnicodeDecodeError) as error:
        fix = f"restore it from a copy, or start afresh: tito module reset {path.stem}"
        raise LearnerFileError(Finding(f"the file cannot be read: {error}", shown, fix)) from None


def as_source(text: str, suffix: str, shown: str) -> Source:
    """The same, from the file's text. Raises Unreadable."""
    return (read_notebook if suffix == ".ipynb" else read_percent)(text, shown)
