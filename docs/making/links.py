"""A file of the repository as a page: its links lead to pages, or become plain words."""

from __future__ import annotations

import os
import re
from pathlib import Path

LINK = re.compile(r"\[(?P<words>[^\]\[]+)\]\((?!\w+:|#)(?P<path>[^)\s#]+)(?P<anchor>#[^)\s]*)?\)")
FENCE = re.compile(r"^( *(?:`{3,}|~{3,}).*?^ *(?:`{3,}|~{3,}) *$)", re.MULTILINE | re.DOTALL)


class DeadLink(Exception):
    """A link of a file leads to nothing."""


def relinked(text: str, file: Path, pages: dict[Path, Path]) -> str:
    """The text of `file`, for the page that `pages` (file → page) gives for it.

    A link to a file that is a page leads there. One to any other file of the repository becomes the
    words that it stood on, because nobody can say where a reader has the repository.
    """
    home = pages[file].parent

    def link(match: re.Match[str]) -> str:
        target = Path(os.path.normpath(file.parent / match["path"]))
        if not target.exists():
            raise DeadLink(f"{file}: there is no {match['path']}")
        if target not in pages:
            return match["words"]
        path = Path(os.path.relpath(pages[target], home)).as_posix()
        return f"[{match['words']}]({path}{match['anchor'] or ''})"

    parts = FENCE.split(text)
    return "".join(part if n % 2 else LINK.sub(link, part) for n, part in enumerate(parts))
