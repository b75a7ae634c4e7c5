"""The site as `nox -s docs` has built it: whole, sound, and in need of no other host."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from support import ROOT
from tito.curriculum.installed import installed

SITE = ROOT / "site" / "html"
PAGES = sorted(path for path in SITE.rglob("*.html") if "_static" not in path.parts)
# What a browser fetches unasked. A reader follows <a> on purpose.
FETCHED = {"script": "src", "img": "src", "link": "href", "iframe": "src", "source": "src"}


class Page(HTMLParser):
    def __init__(self, path: Path) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.links: list[str] = []
        self.fetched: list[str] = []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.ids |= {given.get("id", ""), given.get("name", "")}
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        if FETCHED.get(tag) in given:
            self.fetched.append(given[FETCHED[tag]])


READ = {path: Page(path) for path in PAGES}


def inside(path: Path, address: str) -> Iterator[tuple[Path, str]]:
    """(file, anchor) if the address lies within the site."""
    parts = urlsplit(address)
    if not parts.scheme and not parts.netloc:
        target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
        yield target, unquote(parts.fragment)


def test_every_module_and_milestone_of_every_tier_has_a_page() -> None:
    course = installed().course()
    built = {path.relative_to(SITE).as_posix() for path in PAGES}
    assert built >= {f"modules/{module.folder}.html" for module in course.modules}
    assert built >= {f"milestones/{milestone.id}.html" for milestone in course.milestones}


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_links_within_the_site_lead_to_what_is_there(path: Path) -> None:
    dead = [
        address
        for address in READ[path].links
        for target, anchor in inside(path, address)
        if not target.is_file() or (anchor and target in READ and anchor not in READ[target].ids)
    ]
    assert not dead


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_what_a_page_fetches_stands_in_the_site(path: Path) -> None:
    for address in READ[path].fetched:
        found = list(inside(path, address)) or address.startswith("data:")
        assert found, f"{address} lies elsewhere"
        assert all(target.is_file() for target, _ in inside(path, address)), address


def test_styles_fetch_nothing_from_elsewhere() -> None:
    styles = {path: path.read_text(encoding="utf-8") for path in SITE.rglob("*.css")}
    assert styles
    for path, text in styles.items():
        addresses = re.findall(r"""(?:url\(|@import)\s*["']?([^"')\s;]+)""", text)
        elsewhere = [a for a in addresses if re.match(r"(\w+:)?//", a)]
        assert not elsewhere, path
