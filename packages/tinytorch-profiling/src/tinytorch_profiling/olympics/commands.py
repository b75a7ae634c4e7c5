"""`tito olympics …`: compete with your own models."""

import re
import sys
from pathlib import Path

import click

from tito.cli.lazy import Group
from tito.cli.out import json_option, plain, say_aside, say_findings, say_json, say_next, say_table


@click.group(cls=Group)
def olympics():
    """Compete with your own models, by figures that others measure."""


key_option = click.option(
    "--key",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The verifier's secret, which seals results. By default it lies in your configuration.",
)


@olympics.command()
@click.option("--model", required=True, help="The milestone's model whose place yours takes.")
@click.option("--event", required=True, help="smallest, fastest, accurate or balanced.")
@click.option("--name", required=True, help="What the leaderboard calls it.")
@click.option("--code", required=True, type=click.Path(path_type=Path), help="With load(weights).")
@click.option("--weights", required=True, type=click.Path(path_type=Path), help="Made by np.savez.")
@click.option(
    "--claim", "claims", multiple=True, metavar="FIGURE=NUMBER", help="Such as bytes=9000."
)
@click.option("--to", type=click.Path(path_type=Path), help="The file; by default after the name.")
def submit(model, event, name, code, weights, claims, to):
    """Put weights, code and claims into one file, to hand in."""
    from tinytorch_profiling.olympics.submission import SUFFIX, Entry, write

    path = to or Path(file_name(name) + SUFFIX)
    fresh_file(path)
    entry = Entry(model, event, name, dict(map(claimed, claims)))
    made = write(path, entry, content(code), content(weights))
    click.echo(f"{path}: {made.bytes} bytes count, {made.parameters} parameters")
    say_next(f"tito olympics verify {path}")


def file_name(name):
    return re.sub(r"\W+", "-", name.casefold()).strip("-_") or "submission"


def fresh_file(path):
    from tinytorch_profiling.olympics.errors import refused

    if path.exists():
        raise refused("this file is there already, and stays", path, "name another one: --to FILE")


def content(path):
    from tinytorch_profiling.olympics.submission import contents

    return contents(path)


def claimed(text):
    """`accuracy=0.97` as (name, number)."""
    from tinytorch_profiling.olympics.errors import refused
    from tinytorch_profiling.olympics.submission import CLAIMS

    name, _, number = text.partition("=")
    try:
        return name, int(number) if name == "bytes" else float(number)
    except ValueError:
        example = "for example: --claim accuracy=0.97"
        raise refused(f"{text!r} is no claim of {', '.join(CLAIMS)}", "--claim", example) from None


@olympics.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--to",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("results"),
    show_default=True,
    help="The folder for results.",
)
@key_option
@click.option("--turns", type=click.IntRange(2, 1000), default=20, show_default=True,
              help="How often each is measured: with more, less spread.")  # fmt: skip
@click.option("--images", type=click.Path(path_type=Path),
              help="An .npz file with images and labels that nobody else has.")  # fmt: skip
@json_option
def verify(files, to, key, turns, images, as_json):
    """Measure submissions in a sandbox, whatever they claim."""
    from tinytorch_profiling.olympics.result import default_key, dump, read_key, write
    from tito.errors import TitoError

    key = read_key(key or default_key(), make=say_aside)
    findings, sealed = [], []
    with stadium(turns, images) as open_stadium:
        for path in files:
            try:
                result = open_stadium.verify(path)
                written = write(to, stem(path), result, key)
            except TitoError as error:
                findings += error.findings
                continue
            sealed.append(dump(result, key))
            if not as_json:
                show(path, result, written)
    if as_json:
        import json

        say_json([json.loads(text)["result"] for text in sealed])
    elif sealed:
        say_next(f"tito olympics leaderboard {to}")
    say_findings(findings)
    sys.exit(1 if findings else 0)


def stadium(turns, images):
    from tinytorch_profiling.olympics.errors import refused

    try:
        from tinytorch_profiling.olympics.measure import Effort
        from tinytorch_profiling.olympics.verify import Stadium
    except ImportError as error:
        fix = "do it on Linux, with bubblewrap"
        raise refused(f"models cannot be held in a sandbox here: {error}", fix=fix) from None
    return Stadium(Effort(turns=turns), tell=say_aside, images=images)


def stem(path):
    from tinytorch_profiling.olympics.submission import SUFFIX

    return path.name.removesuffix(SUFFIX)


def show(path, result, written):
    from tinytorch_profiling.olympics.words import NAMES, bounds, of_figure

    click.secho(f"\n{plain(str(path))}: {result.name}, in place of {result.model}", bold=True)
    rows = []
    for name, title in NAMES.items():
        measured, claim = getattr(result.measured, name), result.claims.get(name)
        refuted = "refuted" if name in result.refuted else ""
        said = "" if claim is None else of_figure(name, claim)
        rows.append((title, of_figure(name, measured.value), bounds(name, measured), said, refuted))
    rows.append(("plain images", of_figure("accuracy", result.measured.plain.value), "", "", ""))
    say_table(("", "measured", "95 % of repetitions", "claimed", ""), rows)
    for flag in result.flags:
        click.secho(f"! {flag}", fg="red")
    click.echo(f"Written to {written}")


@olympics.command()
@click.argument("folder", type=click.Path(path_type=Path))
@key_option
@json_option
def leaderboard(folder, key, as_json):
    """Make a page and JSON out of the verified results in a folder."""
    from tinytorch_profiling.olympics.leaderboard import leaderboard as make
    from tinytorch_profiling.olympics.leaderboard import plain as as_data
    from tinytorch_profiling.olympics.ranking import standings
    from tinytorch_profiling.olympics.result import default_key, read_key

    written, results, findings = make(folder, read_key(key or default_key()))
    if as_json:
        say_json(as_data(standings(results)))
    else:
        click.echo(f"{len(results)} verified result{'s' * (len(results) != 1)}:")
        for path in written:
            click.echo(f"  {path}")
    say_findings(findings)
    sys.exit(1 if any(finding.level == "error" for finding in findings) else 0)
