"""The parts that every lesson has, in their order."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tito.curriculum.draft import Draft
from tito.model import Finding, Place

BEFORE = ("🔧 Setup", "📦 Where this code lives")
ANALYSIS = "📊 Systems analysis"
QUESTIONS = "🤔 Questions to think about"
AFTER = (
    ANALYSIS,
    "🧪 Module test",
    QUESTIONS,
    "🎯 Summary",
)
HEADING = re.compile(r"^(?P<marks>##?) (?P<title>\S.*?)\s*$")
FENCE = re.compile(r"^\s*(```|~~~)")


def anatomy(draft: Draft) -> Iterator[Finding]:
    """One title; setup, where the code lives; the ideas; analysis, module test, questions, summary."""
    found = list(headings(draft))
    titles = [place for marks, _, place in found if marks == "#"]
    if len(titles) != 1:
        yield Finding(f"a lesson has one '# ' title; this one has {len(titles)}", draft.file)
    sections = [(title, place) for marks, title, place in found if marks == "##"]
    yield from _fixed_sections(draft, sections)
    yield from _header(draft)


def _fixed_sections(draft: Draft, sections: list[tuple[str, Place]]) -> Iterator[Finding]:
    fixed = (*BEFORE, *AFTER)
    names = [title for title, _ in sections]
    missing = [title for title in fixed if title not in names]
    for title in missing:
        yield Finding(f"the section '## {title}' is missing", draft.file)
    if missing:
        return
    ideas = [title for title in names if title not in fixed]
    wanted = [*BEFORE, *ideas, *AFTER]
    if not ideas:
        yield Finding("no idea stands between where the code lives and the analysis", draft.file)
    for (title, place), expected in zip(sections, wanted, strict=False):
        if title != expected:
            yield Finding(f"here stands '## {title}', where '## {expected}' belongs", str(place))
            return
    if len(sections) > len(wanted):
        yield Finding("a section stands twice", str(sections[-1][1]))


def _header(draft: Draft) -> Iterator[Finding]:
    """The cells before the setup say what is needed before, and show where the module stands."""
    header = ""
    for cell in draft.lesson.cells:
        if f"## {BEFORE[0]}" in cell.text:
            break
        header += cell.text
    for part, what in (
        ("**Prerequisites:**", "its prerequisites"),
        ("```mermaid", "a connection map"),
    ):
        if part not in header:
            yield Finding(f"the header does not give {what} ({part})", str(Place(draft.file, 1)))


def headings(draft: Draft) -> Iterator[tuple[str, str, Place]]:
    """(marks, title, place) of each first- and second-level heading outside of code fences."""
    for cell in draft.lesson.cells:
        fenced = False
        for offset, line in enumerate(cell.text.split("\n") if cell.kind == "markdown" else ()):
            if FENCE.match(line):
                fenced = not fenced
            elif not fenced and (match := HEADING.match(line)):
                yield match["marks"], match["title"], cell.place(offset)
