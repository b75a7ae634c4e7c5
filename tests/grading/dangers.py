"""What a browser would run of a page, or be led astray by."""

from __future__ import annotations

from html.parser import HTMLParser


class Danger(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("script", "iframe", "object", "embed", "svg", "math", "base", "form"):
            self.found.append(tag)
        for name, value in attrs:
            if name.startswith("on") or "javascript:" in (value or "").lower():
                self.found.append(f"{tag} {name}={value}")


def dangers(page: str) -> list[str]:
    parser = Danger()
    parser.feed(page)
    return parser.found
