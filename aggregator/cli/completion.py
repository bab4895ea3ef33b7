"""aggregator completion."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

_WHERE = {
    "bash": "~/.bashrc",
    "zsh": "~/.zshrc",
    "fish": "~/.config/fish/completions/aggregator.fish",
}


@click.command()
@click.argument("shell", type=click.Choice(sorted(_WHERE)))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print what makes a shell complete commands and options.

    \b
    aggregator completion bash >> ~/.bashrc
    aggregator completion zsh  >> ~/.zshrc
    aggregator completion fish > ~/.config/fish/completions/aggregator.fish
    """  # noqa: D301 - \b is click's
    found = get_completion_class(shell)
    if found is None:  # click has all three
        raise click.UsageError(f"No completion for {shell}.", ctx)
    root = ctx.find_root().command
    click.echo(found(root, {}, "aggregator", "_AGGREGATOR_COMPLETE").source())
