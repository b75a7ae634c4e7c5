"""`tito namespace`: the composition, module by module and name by name."""

from __future__ import annotations

import click

from tito.cli.out import json_option, say_findings, say_json, say_table
from tito.composition.gate import Gate, gate
from tito.composition.strays import strays_everywhere
from tito.curriculum.installed import installed
from tito.workspace.find import find_workspace


@click.command()
@click.option("--names", is_flag=True, help="Show every name that can be imported, too.")
@json_option
def namespace(names: bool, as_json: bool) -> None:
    """Show who provides each module right now, and from which file."""
    workspace = find_workspace()
    composition = gate(installed(), workspace)
    modules = _modules(composition)
    facades = _names(composition)
    if as_json:
        say_json({"modules": modules, "names": facades})
    else:
        say_table(
            ("module", "from", "file"), [(m["target"], m["status"], m["file"]) for m in modules]
        )
        if names:
            click.echo()
            say_table(
                ("name", "from", "module"), [(n["name"], n["status"], n["target"]) for n in facades]
            )
    hidden = strays_everywhere(composition.course, workspace)
    say_findings((*hidden, *composition.installed.findings))


def _modules(gate: Gate) -> list[dict[str, str]]:
    return [
        {
            "target": module.target,
            "module": module.id,
            "status": gate.status(module),
            "distribution": gate.course.tier_of(module).distribution,
            "file": str(gate.file(module) or ""),
        }
        for module in gate.course.modules
    ]


def _names(gate: Gate) -> list[dict[str, str]]:
    return [
        {"name": f"{facade}.{name}", "status": gate.status(module), "target": module.target}
        for facade, offered in sorted(gate.course.facades.items())
        for name, module in sorted(offered.items())
    ]
