"""Click groups that say what was meant; one imports a command when it is asked for, and takes in
the plugins' commands."""

from __future__ import annotations

from functools import cached_property
from importlib import import_module
from typing import Any

import click

from tito.errors import UsageError
from tito.names import unknown


class Group(click.Group):
    """Commands in the order in which they are written, and "did you mean" for any other name."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        name = args[0] if args else ""
        if name[:1] not in ("", "-") and self.get_command(ctx, name) is None:
            listing = f"{ctx.command_path} --help"
            raise UsageError(unknown(name, self.list_commands(ctx), "command", listing))
        return super().resolve_command(ctx, args)


class LazyGroup(Group):
    """`commands_at` maps a command's name to `module:attribute`."""

    def __init__(self, *, commands_at: dict[str, str], with_plugins: bool = False, **kwargs: Any):
        super().__init__(**kwargs)
        self._commands_at = commands_at
        self._with_plugins = with_plugins

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*self._commands_at, *sorted(self._plugin_commands)]

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name in self._commands_at:
            module, _, attribute = self._commands_at[name].partition(":")
            command: click.Command = getattr(import_module(module), attribute)
            return command
        return self._plugin_commands.get(name)

    @cached_property
    def _plugin_commands(self) -> dict[str, click.Command]:
        """The plugins' commands; an engine's command is never replaced."""
        if not self._with_plugins:
            return {}
        from tito.plugins.hooks import Hooks
        from tito.plugins.loading import load_plugins

        commands: dict[str, click.Command] = {}
        for command in Hooks(load_plugins()).call("tito_commands", click.Command):
            if command.name and command.name not in self._commands_at:
                commands.setdefault(command.name, command)
        return commands
