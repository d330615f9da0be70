"""llm's hooks. Loaded by every `llm` command, so: nothing heavy at import, and never an error."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from importlib import import_module
from typing import TYPE_CHECKING, Any

import click
import llm

if TYPE_CHECKING:
    from llm_reasonkit.openrouter.settings import ClientSettings

# name: (module, what `llm --help` says)
_COMMANDS = {
    "think": (
        "llm_reasonkit.cli.think",
        "Reason about a question step by step, with a protocol or a profile.",
    ),
    "compare": (
        "llm_reasonkit.cli.compare",
        "Ask several models the same question and show their answers side by side.",
    ),
    "consensus": (
        "llm_reasonkit.cli.consensus",
        "Ask several models the same question and count what they answer.",
    ),
    "providers": (
        "llm_reasonkit.cli.providers",
        "Find models: providers, keys and limits, OpenRouter's catalogue.",
    ),
    "reasonkit": (
        "llm_reasonkit.cli.reasonkit",
        "Runs, protocols, local models and everything else of llm-reasonkit.",
    ),
}


class LazyCommand(click.Command):
    """A command whose module is imported when it is called, not when llm starts."""

    def __init__(self, name: str, module: str, short_help: str) -> None:
        super().__init__(name, short_help=short_help, help=short_help)
        self._module = module

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,  # noqa: ANN401 (click's own signature)
    ) -> click.Context:
        """Hand over to the real command."""
        command: click.Command = import_module(self._module).command
        return command.make_context(info_name, args, parent=parent, **extra)


@llm.hookimpl
def register_commands(cli: click.Group) -> None:
    """Add our commands, each at the top only if no other plugin has the name."""
    for name, (module, short_help) in _COMMANDS.items():
        if name not in cli.commands:
            cli.add_command(LazyCommand(name, module, short_help), name)


# Last, so that the ids of other plugins are known and left to them.
@llm.hookimpl(trylast=True)
def register_models(register: Callable[..., None], model_aliases: list[Any]) -> None:
    """Add OpenRouter's and local models, protocols and panels; what cannot be read is left out."""
    # Whatever is broken on this disk, other plugins' models must still be found.
    with suppress(Exception):
        from llm_reasonkit.openrouter import registry

        registry.register(register, model_aliases, sys.argv[1:], os.environ, _client_settings)
    with suppress(Exception):
        from llm_reasonkit.local import registry as local_registry

        local_registry.register(register)
    with suppress(Exception):
        from llm_reasonkit import virtual_models

        virtual_models.register(register, model_aliases, llm.user_dir() / "reasonkit")


def _client_settings() -> ClientSettings:
    """Read the configuration, at the first call of a model."""
    from llm_reasonkit.config import load_settings

    settings = load_settings()
    return replace(settings.client(os.environ), max_cost_per_request=settings.most_usd_of_a_call)
