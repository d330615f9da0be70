"""Killed at random moments, a consensus goes on and comes to the verdict that it would have."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from zlib import crc32

from tests.cli import answering
from tests.openrouter_server import Answer, Server
from tests.test_resume_kill import Life, environment, lives, without_what_may_differ

KILLS = 10
WORKERS = 2
SAID = {
    "acme/small": "Amsterdam",
    "acme/prose": "the city of A'dam",
    "anthropic/claude-sonnet-4": "Rotterdam",
    "acme/thinker": "Rotterdam",
}
MODELS = list(SAID)


def step_of(body: Any) -> str:
    """The id of the step that a request is made for."""
    prompt = body["messages"][-1]["content"]
    if "numbered pairs" in prompt:
        return "same"
    name = "round2" if "You answered this question before" in prompt else "members"
    return f"{name}[{MODELS.index(body['model']) + 1}]"


def reply(body: Any) -> Answer:
    """Say the same to the same question, after a while of its own."""
    answer = SAID[body["model"]]
    text = answering(f"I looked it up.\n\nFinal answer: {answer}")(body)
    if "numbered pairs" in body["messages"][-1]["content"]:
        verdict = {"number": 1, "right_follows": "yes", "left_follows": "yes"}
        text = json.dumps({"pairs": [verdict]})
    return Answer(text, delay=crc32(step_of(body).encode()) % 50 / 1000)


class PanelLife(Life):
    """A panel of four and a judge, that do not agree and show each other their reasons."""

    calls, code = 4 + 1 + 4, "4"
    step_of = staticmethod(step_of)

    @staticmethod
    def run_of(body: Any) -> str:
        return re.search(r"run-\w+", body["messages"][-1]["content"])[0]

    @property
    def command(self) -> list[str]:
        question = f"What is the name of the city ({self.name})?"
        how = ["--answer", "text", "--judge", "openrouter/acme/small", "--rounds", "1"]
        # Each call that was cut off counts as all that it was allowed to take.
        how += ["--budget", "$100"]
        members = [f"openrouter/{model}" for model in MODELS]
        return ["consensus", question, "--models", ",".join(members), *how]


def test_killed_at_random_moments(openrouter: Server, user_folder: Path, tmp_path: Path) -> None:
    """No vote, judgement or second vote that was committed is paid for twice, and the result is
    that of a panel which nobody killed."""
    openrouter.reply = reply
    env = environment(openrouter, user_folder)

    def live(name: str) -> Life:
        return PanelLife(openrouter, env, tmp_path, name)

    expected = without_what_may_differ(live("run-xx").finish())
    assert len(expected["votes"]) == 8
    lived = lives(live, KILLS, WORKERS)
    assert any(life.cut_off for life, _ in lived)
    for life, result in lived:
        life.require_nothing_paid_twice(result)
        assert without_what_may_differ(result) == expected
