"""How commands speak: tables, JSON, findings."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import click

from tito.model import Finding

MARKS = {
    "passed": ("ok", "green"),
    "failed": ("FAIL", "red"),
    "not run": ("--", "yellow"),
    "skipped": ("skip", "yellow"),
}


def json_option(command: Callable[..., Any]) -> Callable[..., Any]:
    return click.option(
        "--json", "as_json", is_flag=True, help="Print the same as JSON, for scripts."
    )(command)


def say_json(data: Any) -> None:
    """Escaped to ASCII, so that every console can show it."""
    click.echo(json.dumps(data, indent=1))


def say_table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Left-aligned columns under their heads, as wide as they need to be."""
    lines = [[plain(str(value)) for value in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(heads, *lines, strict=True)]
    click.secho(_aligned(heads, widths), bold=True)
    for line in lines:
        click.echo(_aligned(line, widths))


def plain(text: str) -> str:
    """With what a terminal would take for a command escaped: others may have named these files."""
    return "".join(c if c == "\n" or c.isprintable() else ascii(c)[1:-1] for c in text)


def _aligned(values: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(v.ljust(w) for v, w in zip(values, widths, strict=True)).rstrip()


def say_findings(findings: Iterable[Finding]) -> None:
    for finding in findings:
        color = "red" if finding.level == "error" else "yellow"
        head, _, rest = plain(str(finding)).partition("\n")
        click.secho(head, fg=color, err=True)
        if rest:
            click.echo(rest, err=True)


def say_aside(text: str) -> None:
    """What is said while a command works, and is not what it was asked for: to standard error."""
    click.echo(text, err=True)


def say_next(text: str) -> None:
    click.echo(f"Next: {click.style(text, bold=True)}")


def seconds(value: float) -> str:
    milliseconds = round(value * 1000)
    return f"{milliseconds} ms" if milliseconds < 1000 else f"{value:.1f} s"
