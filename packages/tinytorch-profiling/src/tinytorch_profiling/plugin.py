"""What this distribution gives to the engine: one tier, and the command `tito olympics`."""

from pathlib import Path


def tito_tiers():
    return [Path(__file__).parent]


def tito_commands():
    from tinytorch_profiling.olympics.commands import olympics

    return [olympics]
