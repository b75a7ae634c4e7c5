"""Names of students, as far as they may be names of files."""

from __future__ import annotations

import unicodedata

MOST = 100  # bytes; the suffix of a file comes behind it
UNSAFE = set('/\\:*?"<>|')


def unsafe(student: str) -> str:
    """Why this cannot be a student's name here, in words; empty if it can."""
    if not student or student.startswith((".", " ", "-")) or student.endswith((".", " ")):
        return "it is empty, or begins or ends with a dot, a blank or a dash"
    if bad := sorted({c for c in student if c in UNSAFE or unicodedata.category(c)[0] == "C"}):
        return f"it has {', '.join(ascii(c) for c in bad[:5])} in it"
    if len(student.encode()) > MOST:
        return f"it is longer than {MOST} bytes"
    if unicodedata.normalize("NFC", student) != student:
        return "its letters are not in the usual form (NFC)"
    return ""
