"""Prints renderables to stdout."""

from __future__ import annotations

from rich.console import Console, RenderableType


def show(renderable: RenderableType) -> None:
    """Print to stdout: as wide as the terminal, without cuts where there is none."""
    console = Console(highlight=False, emoji=False, markup=False)
    console.print(renderable, soft_wrap=False)
