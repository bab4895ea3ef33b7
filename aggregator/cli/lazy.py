"""A group of commands that imports a command's module only when it is called: `--help` stays quick."""

from __future__ import annotations

import difflib
from importlib import import_module
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Mapping


class LazyGroup(click.Group):
    """Finds `name` as the attribute `name` of the module aggregator.cli.<commands_in[name]>."""

    def __init__(self, *args: Any, commands_in: Mapping[str, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._modules = commands_in

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Return the names in the order of their use."""
        return list(self._modules)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command, or fail with the name that may have been meant."""
        if cmd_name not in self._modules:
            near = difflib.get_close_matches(cmd_name, self._modules, n=1)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            raise click.UsageError(f"No such command {cmd_name!r}.{hint}", ctx)
        command = getattr(import_module(f"aggregator.cli.{self._modules[cmd_name]}"), cmd_name)
        return command if isinstance(command, click.Command) else None
