"""What can go wrong, as one tree.

TitoError
├── UsageError          the command was asked for something that does not exist
├── WorkspaceError      the learner's folder: not there, not readable, from a newer engine
├── LearnerFileError    the learner's notebook: missing, not a notebook, changed where it must not be
├── CourseFolderError   the instructor's folder: not there, not readable, from a newer engine
├── CourseError         the installed tiers do not fit together
├── ManifestError       a tier's compiled manifest is missing, unreadable, too old or too new
└── SourceError         a module's source does not compile

Each carries findings: everything that is wrong, not only the first thing.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tito.model import Finding


class TitoError(Exception):
    """An error that is told to a person as findings, without a traceback."""

    exit_code = 1

    def __init__(self, findings: Finding | Iterable[Finding]):
        self.findings = tuple(findings) if isinstance(findings, Iterable) else (findings,)
        super().__init__("\n".join(str(finding) for finding in self.findings))


class UsageError(TitoError):
    exit_code = 2


class WorkspaceError(TitoError):
    pass


class LearnerFileError(TitoError):
    pass


class CourseFolderError(TitoError):
    pass


class CourseError(TitoError):
    pass


class ManifestError(TitoError):
    pass


class SourceError(TitoError):
    pass
