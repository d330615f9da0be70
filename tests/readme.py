"""The code blocks of the README."""

from __future__ import annotations

import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).parent.parent
README = (CHECKOUT / "README.md").read_text("utf-8")
_BLOCK = re.compile(
    r"(?:^<!-- (?P<mark>\w+) -->\n)?^```(?P<kind>\w+)\n(?P<text>.*?)^```$", re.M | re.S
)


@dataclass(frozen=True)
class Block:
    """One code block: its language, the mark in the comment right before it, and its text."""

    kind: str
    mark: str | None
    text: str

    @property
    def title(self) -> str:
        """Its first line, to tell it from others."""
        return self.text.split("\n", 1)[0][:60]


def blocks(kind: str) -> list[Block]:
    """Return the README's blocks of one language, in order."""
    found = (Block(m["kind"], m["mark"], m["text"]) for m in _BLOCK.finditer(README))
    return [block for block in found if block.kind == kind]


def marked(mark: str) -> str:
    """Return the text of the block with this mark."""
    return next(block.text for block in blocks("bash") if block.mark == mark)


def newcomer() -> dict[str, str]:
    """The environment of somebody who has this Python, and pip's cache of earlier tests."""
    env = {name: os.environ[name] for name in os.environ if not name.startswith("PYTHON")}
    env.pop("VIRTUAL_ENV", None)
    env["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{env['PATH']}"
    cache = os.environ.get("REASONKIT_TEST_CACHE", "~/.cache/llm-reasonkit-tests")
    env["PIP_CACHE_DIR"] = str(Path(cache).expanduser())
    # Compiling what is never imported would take longer than everything else.
    env["PIP_NO_COMPILE"] = "1"
    return env
