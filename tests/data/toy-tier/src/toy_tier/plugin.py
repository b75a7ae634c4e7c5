"""What this distribution gives to the engine: a tier, and one function for every other hook."""

from pathlib import Path

import click


def tito_tiers():
    return [Path(__file__).parent]


def tito_commands():
    @click.command("toy")
    def toy():
        """Say that the toy tier is here."""
        click.echo("the toy tier is here")

    return [toy]


def tito_module_completed(module):
    return [f"the toy tier saw that {module.id} is complete"]
