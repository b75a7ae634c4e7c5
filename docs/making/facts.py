"""What the code says about itself, as pages: commands, hooks, errors, and the types of keys."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from typing import Literal, get_args, get_origin, get_type_hints

import click

from tito import builtin, errors
from tito.authoring.mutation import Equivalent
from tito.cli import tito
from tito.curriculum.config import MilestoneConfig, ModuleConfig, TierConfig
from tito.grading.course import Config as CourseConfig
from tito.model import Finding
from tito.plugins import hookspecs

WIDTH = 100
# A file's section in docs/reference.md → what it is read into
CONFIGURATION = {
    "`course.toml`": CourseConfig,
    "`tier.yaml`": TierConfig,
    "`module.yaml`": ModuleConfig,
    "`mutants.yaml`": Equivalent,
    "`milestone.yaml`": MilestoneConfig,
}
# How a type is written in a file
TYPES = {
    "str": "text",
    "int": "a whole number",
    "bool": "true or false",
    "tuple[str, ...]": "a list of texts",
    "dict[str, str]": "texts under names",
    "dict[str, tuple[str, ...]]": "lists of texts under names",
}
HOOKS = """\
# Hooks

A plugin is a module, named by an entry point of the group `tito`. A function of it that carries the name
of a hook is called: it imports nothing from the engine, and may leave out parameters.
"""
ERRORS = """\
# Errors and findings

Whatever goes wrong is told as findings: what, where, and what to do next. `tito doctor`,
`tito dev check`, the compiler and every command share this shape, `tito.model.Finding`.

```python
{finding}
```

A command that cannot go on raises one of these, with everything that is wrong. Its exit code says which
kind it was.

```text
{tree}
```

| error | exit code |
| --- | --- |
{codes}
"""


def commands() -> str:
    """Each command's own help."""
    parts = ["# Commands in full\n\nWhat `--help` says, for each command.\n"]
    for words, command, context in leaves(tito, click.Context(tito, info_name="tito")):
        help_text = command.get_help(context)
        parts.append(f"## `{words}`\n\n```text\n{help_text}\n```\n")
    return "\n".join(parts)


def leaves(
    command: click.Command, context: click.Context
) -> Iterator[tuple[str, click.Command, click.Context]]:
    context.terminal_width = WIDTH
    if not isinstance(command, click.Group):
        yield context.command_path, command, context
        return
    for name in command.list_commands(context):
        found = command.get_command(context, name)
        assert found
        yield from leaves(found, click.Context(found, info_name=name, parent=context))


def hooks() -> str:
    """Each hook with its types, and what the engine's own plugin does with it."""
    parts = [HOOKS]
    for name, function in inspect.getmembers(hookspecs, inspect.isfunction):
        if name.startswith("tito_"):
            signature = f"def {name}{inspect.signature(function)}".replace("'", "")
            parts.append(f"## `{name}`\n\n```python\n{signature}\n```\n\n{prose(function)}\n")
            if own := getattr(builtin, name, None):
                parts.append(f"In the engine's own plugin: {prose(own)}\n")
    return "\n".join(parts)


def prose(thing: object) -> str:
    text = inspect.getdoc(thing)
    assert text, f"{thing} has no docstring"
    return text


def errors_and_findings() -> str:
    kinds = [k for _, k in inspect.getmembers(errors, inspect.isclass) if issubclass(k, Exception)]
    return ERRORS.format(
        finding=inspect.getsource(Finding).partition("\n    def ")[0].strip(),
        tree=prose(errors).split("\n\n")[1],
        codes="\n".join(f"| `{kind.__name__}` | {kind.exit_code} |" for kind in kinds),
    )


def with_types(reference: str) -> str:
    """docs/reference.md with the type of every key that a file may have."""
    for section, kind in CONFIGURATION.items():
        start = reference.index(f"## {section}\n")
        end = reference.find("\n## ", start)
        types = {name: in_words(hint) for name, hint in get_type_hints(kind).items()}
        table = "\n".join(add_type(line, types) for line in reference[start:end].split("\n"))
        reference = reference[:start] + table + reference[end:]
    return reference


def in_words(hint: object) -> str:
    if get_origin(hint) is Literal:
        return " or ".join(f"`{choice}`" for choice in get_args(hint))
    return TYPES[hint.__name__ if type(hint) is type else str(hint)]


def add_type(line: str, types: dict[str, str]) -> str:
    if line.startswith("| key "):
        return line + " type |"
    if line.startswith("| ---"):
        return line + " --- |"
    if line.startswith("| `"):
        keys = re.findall(r"`([^`]+)`", line.split(" | ")[0])
        return line + " " + "; ".join(dict.fromkeys(types[key] for key in keys)) + " |"
    return line
