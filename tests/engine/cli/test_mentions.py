"""Law 7: every `tito …` in documents, lessons and messages is a command that parses."""

from __future__ import annotations

import ast
import itertools
import re
import shlex
from collections.abc import Iterable, Iterator
from pathlib import Path

import click
import pytest

from support import ROOT
from tito import cli

DOCUMENTS = [
    "*.md",
    "docs/**/*.md",
    "engine/**/*.md",
    "packages/*/*.md",
    "packages/*/changelog.d/*.md",
]
LESSONS = ["packages/*/src/*/modules/*/*", "packages/*/src/*/milestones/*/*"]
PROGRAMS = [
    "engine/src/**/*.py",
    "packages/*/src/*/*.py",
    "packages/*/src/*/olympics/*.py",
    "packages/*/src/*/milestones/*/*.py",
]

# In a message `tito` may also be the subject of a sentence, before one of these words; and before
# what is filled in, nothing can be said of it.
OTHER = ("command ", "did ", "looks ", "from ", "NAME")

CALL = re.compile(r"(?<![\w./-])tito (?P<rest>[^`\n]+)")


def files(patterns: Iterable[str]) -> list[Path]:
    return sorted({path for pattern in patterns for path in ROOT.glob(pattern) if path.is_file()})


@pytest.fixture
def tito(monkeypatch: pytest.MonkeyPatch) -> click.Group:
    """With the commands that our tiers bring."""
    monkeypatch.delenv("TITO_DISABLE_PLUGINS", raising=False)
    vars(cli.tito).pop("_plugin_commands", None)  # which other tests may have looked up
    return cli.tito


def problem(group: click.Group, words: list[str], bare: bool = False) -> str:
    """Why click would not take these words after `tito`, or nothing. With `bare`, a command may be
    named without its arguments."""
    command: click.Command = group
    context = click.Context(group, info_name="tito")
    while isinstance(command, click.Group) and words and not words[0].startswith("-"):
        found = command.get_command(context, words[0])
        if found is None:
            return f"no command {words[0]!r}"
        command, words = found, words[1:]
        context = click.Context(command, context, info_name=command.name)
    if not words and (bare or isinstance(command, click.Group)):
        return ""
    try:
        command.make_context(command.name, list(words), parent=context.parent)
    except click.exceptions.Exit:  # --help and --version
        return ""
    except click.UsageError as error:
        return error.format_message()
    return ""


def in_document(text: str) -> Iterator[tuple[str, bool]]:
    """(what follows `tito`, whether in running text) of each mention in a document or a lesson."""
    for span in re.findall(r"`([^`\n]+)`", text):
        for call in re.split(r"\s&&\s", span):
            if match := re.fullmatch(r"(?:\$ )?tito (.+)", call.strip()):
                yield match[1], True
    for line in text.splitlines():
        for call in re.split(r"\s&&\s", line):
            if match := re.fullmatch(r"(?:#\s+)?(?:[$%!] ?)?tito (.+?)(?:\s+#.*)?", call.strip()):
                yield match[1], False


def alternatives(call: str) -> list[list[str]]:
    """`module list|test [MODULE]` stands for several calls; `…` for anything."""
    words = re.sub(r"[\[\]]", "", call).replace("--tiers …", "--tiers NAMES").split("…")[0]
    return [list(way) for way in itertools.product(*(w.split("|") for w in shlex.split(words)))]


def in_program(source: str) -> Iterator[str]:
    """The texts of a program that mention `tito`, with something plausible for what is filled in."""
    tree = ast.parse(source)
    inside = {
        part for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            yield from filled_in(node)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in inside:
            yield node.value


def filled_in(node: ast.JoinedStr) -> Iterator[str]:
    """Every text that an f-string with `{'a' if … else 'b'}` may give."""
    parts: list[list[str]] = []
    for part in node.values:
        value = part.value if isinstance(part, ast.FormattedValue) else part
        if isinstance(value, ast.IfExp):
            ways = (value.body, value.orelse)
            parts.append([str(w.value) if isinstance(w, ast.Constant) else "NAME" for w in ways])
        else:
            parts.append([str(value.value) if isinstance(value, ast.Constant) else "NAME"])
    for way in itertools.product(*parts):
        yield "".join(way)


def in_message(text: str) -> Iterator[str]:
    """What follows `tito` in a message, up to the punctuation or the bracket that ends it."""
    for match in CALL.finditer(text):
        if not match["rest"].startswith(OTHER):
            yield re.split(r"[,;:.]?(?: \(|[,;.)](?:\s|$)| && | shows |: |$)", match["rest"])[0]


@pytest.mark.parametrize("path", files(DOCUMENTS + LESSONS), ids=lambda p: str(p.relative_to(ROOT)))
def test_every_command_of_a_document_or_lesson_parses(tito: click.Group, path: Path) -> None:
    if path.suffix not in (".md", ".py", ".yaml"):
        return
    for call, bare in in_document(path.read_text(encoding="utf-8")):
        for words in alternatives(call):
            assert problem(tito, words, bare) == "", f"tito {call}"


@pytest.mark.parametrize("path", files(PROGRAMS), ids=lambda p: str(p.relative_to(ROOT)))
def test_every_command_of_a_message_parses(tito: click.Group, path: Path) -> None:
    for text in in_program(path.read_text(encoding="utf-8")):
        for call in in_message(text):
            bare = f"`tito {call}`" in text
            for words in alternatives(call):
                assert problem(tito, words, bare) == "", f"tito {call}"


def test_mentions_are_found_at_all() -> None:
    documents = [call for path in files(DOCUMENTS) for call in in_document(path.read_text())]
    messages = [
        call
        for path in files(PROGRAMS)
        for text in in_program(path.read_text(encoding="utf-8"))
        for call in in_message(text)
    ]
    assert len(documents) > 10
    assert len(messages) > 30


@pytest.mark.parametrize(
    "text",
    [
        "`tito modul start 1`",
        "type `$ tito module strat 1`",
        "```\ntito module start\n```",
        "    $ tito init here && tito module begin 1",
        "`tito module start 1 --formt py`",
        "tito module start 1 --format pdf   # a page",
        "# tito status now",
        "`tito module list|strat`",
        "`tito dev bulid …`",
    ],
)
def test_a_wrong_mention_in_a_document_is_caught(tito: click.Group, text: str) -> None:
    ways = [(w, bare) for call, bare in in_document(text) for w in alternatives(call)]
    assert any(problem(tito, words, bare) for words, bare in ways)


@pytest.mark.parametrize(
    "source",
    [
        'fix = "tito module reset"',
        'fix = f"tito module begin {module.id}, then go on"',
        """fix = f"tito module {'complete' if started else 'begin'} {module.id}" """,
        'fix = f"restore it, or: tito module reset {module.id} --test"',
        'fix = "tito doktor shows what is wrong"',
        '"""Runs `tito modul list`."""',
    ],
)
def test_a_wrong_mention_in_a_message_is_caught(tito: click.Group, source: str) -> None:
    calls = [call for text in in_program(source) for call in in_message(text)]
    assert any(problem(tito, words) for call in calls for words in alternatives(call))
