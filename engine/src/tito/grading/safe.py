"""Markdown as HTML that cannot do anything: it is shown to graders and students alike."""

from __future__ import annotations

import re

import bleach
from bleach.css_sanitizer import CSSSanitizer
from nbconvert.filters import markdown2html

TAGS = {
    *(
        "p",
        "br",
        "hr",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "div",
        "span",
        "pre",
        "code",
        "blockquote",
    ),
    *("a", "img", "em", "strong", "b", "i", "u", "s", "del", "ins", "sub", "sup", "small", "kbd"),
    *("ul", "ol", "li", "dl", "dt", "dd", "table", "thead", "tbody", "tr", "th", "td", "caption"),
}
ATTRIBUTES = {
    "*": ["class", "id", "title"],
    "a": ["href"],
    "img": ["src", "alt", "width", "height"],
    "td": ["align", "colspan", "rowspan"],
    "th": ["align", "colspan", "rowspan"],
    "ol": ["start"],
}
PROTOCOLS = {"http", "https", "mailto"}
# Commands of MathJax that make links, or load and define others.
ACTIVE_MATH = re.compile(
    r"\\(href|url|require|def|newcommand|class|cssId|style|html\w*)(?![a-zA-Z])"
)


def markdown_to_html(source: str) -> str:
    """What nbconvert makes of it, and of that only what shows something."""
    made = markdown2html(ACTIVE_MATH.sub(r"\\text{\1}", str(source)))
    return str(
        bleach.clean(
            made,
            tags=TAGS,
            attributes=ATTRIBUTES,
            protocols=PROTOCOLS,
            css_sanitizer=CSSSanitizer(),
        )
    )
