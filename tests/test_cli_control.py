"""What a user decides about a run: who plays which role, how hard and how often models are asked,
what they may look at, and how sure it has to be."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result as Ended

from llm_reasonkit.api import Question, ThinkToolOrchestrator
from llm_reasonkit.errors import UsageError
from tests.cli import llm, process, write_protocol
from tests.openrouter_server import Answer, Server, citation, refuse

SMALL, PROSE, THINKER = "openrouter/acme/small", "openrouter/acme/prose", "openrouter/acme/thinker"
SONNET = "openrouter/anthropic/claude-sonnet-4"
DEBATE = """\
protocol: debate
title: Debate
summary: A case, a critique, a verdict.
steps:
  case: {prompt: Make the case., max_tokens: 100, effort: low}
  critique: {prompt: "{{ case }} Criticise.", role: critic, max_tokens: 100, effort: high}
  links: {check: links, with: {text: critique, given: material}}
  verdict: {prompt: "{{ critique }} Decide.", max_tokens: 100}
answer: verdict
"""
PROFILE = """\
mine:
  title: Mine
  summary: One debate.
  protocols: [debate]
"""


@pytest.fixture(autouse=True)
def _debate(user_folder: Path, openrouter: Server) -> None:
    write_protocol(user_folder, DEBATE, "debate")
    configure(user_folder, "")


def configure(folder: Path, text: str) -> None:
    """Write the configuration, with hardly any waiting between tries."""
    quick = "[providers.openrouter]\nretry_attempts = 1\nretry_delay_ms = 1\n"
    (folder / "reasonkit" / "config.toml").write_text(quick + text)


def debate(*arguments: str, model: str = SMALL) -> Ended:
    """Think with the small protocol."""
    return llm("think", "Is it so?", "--protocol", "debate", "-m", model, *arguments)


def found(*arguments: str, model: str = SMALL) -> Any:
    """Think and return the result object."""
    ended = debate("--json", *arguments, model=model)
    assert ended.exit_code == 0, ended.stderr
    return json.loads(ended.stdout)


def models(server: Server) -> list[str]:
    return [chat.body["model"] for chat in server.chats]


# Roles


@pytest.mark.parametrize("name", [PROSE, "acme/prose"])
def test_a_role_is_played_by_its_own_model(openrouter: Server, name: str) -> None:
    """Only the steps of that role ask it; each reply is billed at its own model's price."""
    result = found("--role", f"critic={name}", "--budget", "$0.10")
    assert models(openrouter) == ["acme/small", "acme/prose", "acme/small"]
    assert [step["model"] for step in result["steps"] if step["kind"] == "prompt"] == [
        SMALL,
        PROSE,
        SMALL,
    ]
    assert Decimal(result["cost"]["usd"]) == openrouter.ledger.total


def test_the_price_of_each_role_is_foreseen(openrouter: Server) -> None:
    """A dry run has each step at the price of the model that plays it."""
    ended = debate("--role", f"critic={SONNET}", "--dry-run", "--json")
    rows = {row["step"]: row for row in json.loads(ended.stdout)["steps"]}
    assert [rows[name]["model"] for name in ("case", "critique")] == [SMALL, SONNET]
    assert Decimal(rows["critique"]["usd"]) > 20 * Decimal(rows["case"]["usd"])
    assert openrouter.chats == []


@pytest.mark.parametrize(
    ("role", "words"),
    [
        ("critc=acme/prose", "--role critc: unknown role 'critc'; did you mean 'critic'?"),
        ("judge=acme/prose", "--role judge: unknown role 'judge'; there is critic"),
        ("main=acme/prose", "--role main: the model of `main` is the run's own (-m,"),
        ("critic", "--role 'critic': write it as critic=MODEL"),
        ("=acme/prose", "--role '=acme/prose': write it as critic=MODEL"),
        ("critic=", "--role 'critic=': write it as critic=MODEL"),
        ("critic=nonsense", "unknown model 'nonsense'"),
        ("critic=gpt-4o-mini", "gpt-4o-mini: No key found"),
    ],
)
def test_a_role_that_cannot_be_played_is_told(openrouter: Server, role: str, words: str) -> None:
    """Mistakes in a role, its model and the key for it end with exit code 2, before any call."""
    ended = debate("--role", role)
    assert ended.exit_code == 2
    assert words in ended.stderr
    assert openrouter.chats == []


def test_a_budget_needs_the_price_of_every_role(openrouter: Server) -> None:
    """A role on a model whose price nobody knows cannot be held to a sum."""
    ended = debate("--role", "critic=openrouter/auto", "--budget", "$0.10")
    assert ended.exit_code == 2
    assert "nobody knows what openrouter/auto costs" in ended.stderr
    assert openrouter.chats == []


def test_options_go_to_the_models_that_know_them(openrouter: Server, user_folder: Path) -> None:
    """What the model of a role does not know it is not sent."""
    openrouter.keys.add("DUMMY_KEY")
    (user_folder / "extra-openai-models.yaml").write_text(
        f"- {{model_id: mine, model_name: acme/prose, api_base: '{openrouter.base_url}'}}"
    )
    # In a process of its own, at whose end llm closes OpenAI's client.
    ended = process(
        *("think", "Is it so?", "--protocol", "debate", "-m", SMALL, "--role", "critic=mine"),
        *("-o", "top_k", "3", "-o", "temperature", "0.5"),
    )
    assert ended.returncode == 0, ended.stderr
    assert [chat.body["temperature"] for chat in openrouter.chats] == [0.5] * 3
    assert [chat.body.get("top_k") for chat in openrouter.chats] == [3, None, 3]


def test_a_role_falls_back_as_main_does(openrouter: Server) -> None:
    """A role whose model fails is played by the models of --fallback, and the run says so."""
    openrouter.script(*[refuse(503, "down")] * 2, model="acme/prose")
    result = found("--role", "critic=acme/prose", "--fallback", SONNET)
    served = [step["model_served"] for step in result["steps"] if step["kind"] == "prompt"]
    assert served[1].startswith("anthropic/")
    assert "fell back in critique" in result["warnings"][0]


def test_roles_can_be_configured(openrouter: Server, user_folder: Path) -> None:
    """`[roles]` holds for all runs that have them, a profile's own for its runs, --role for one."""
    configure(user_folder, '[roles]\ncritic = "acme/prose"\njudge = "acme/thinker"\n')
    assert found()
    assert models(openrouter)[1] == "acme/prose"
    own = user_folder / "reasonkit" / "protocols" / "profiles.yaml"
    own.write_text(f"{PROFILE}  roles: {{critic: {SONNET}}}\n")
    arguments = ("think", "Is it so?", "--profile", "mine", "-m", SMALL)
    assert llm(*arguments).exit_code == 0
    assert models(openrouter)[4] == "anthropic/claude-sonnet-4"
    assert llm(*arguments, "--role", "critic=acme/thinker").exit_code == 0
    assert models(openrouter)[8] == "acme/thinker"


def test_a_configured_role_makes_no_free_run_cost_something(
    openrouter: Server, user_folder: Path
) -> None:
    """Where main costs nothing it plays all roles that nobody typed."""
    configure(user_folder, '[roles]\ncritic = "acme/prose"\n')
    assert found(model=f"{SMALL}:free")["cost"]["usd"] == "0"
    assert set(models(openrouter)) == {"acme/small:free"}


def test_a_configured_role_that_cannot_be_played_is_left_to_main(
    openrouter: Server, user_folder: Path
) -> None:
    """The run goes on and says who plays it and why."""
    configure(user_folder, '[roles]\ncritic = "gpt-4o-mini"\n')
    result = found()
    assert set(models(openrouter)) == {"acme/small"}
    assert result["warnings"][0].startswith(f"{SMALL} plays critic: gpt-4o-mini: No key found")


def test_roles_in_python(openrouter: Server) -> None:
    """The API takes the same, and refuses the same."""
    orchestrator = ThinkToolOrchestrator(SMALL)
    asked = Question("Is it so?", protocol="debate", roles={"critic": PROSE}, max_calls=3)
    assert orchestrator.think(asked).status == "done"
    assert models(openrouter)[1] == "acme/prose"
    for wrong in ({"roles": {"boss": PROSE}}, {"max_calls": 0}, {"min_confidence": 1.5}):
        with pytest.raises(UsageError):
            orchestrator.think(Question("Is it so?", protocol="debate", **wrong))


# Effort


def efforts(server: Server) -> list[str | None]:
    return [(chat.body.get("reasoning") or {}).get("effort") for chat in server.chats]


@pytest.mark.parametrize(
    ("model", "typed", "sent"),
    [
        (THINKER, [], ["low", "high", None]),
        (THINKER, ["--effort", "minimal"], ["minimal"] * 3),
        (SONNET, [], [None] * 3),
        (SONNET, ["--effort", "medium"], ["medium"] * 3),
        (SMALL, ["--effort", "high"], [None] * 3),
        (THINKER, ["--effort", "low", "-o", "reasoning_effort", "high"], ["high"] * 3),
    ],
)
def test_effort_is_asked_of_models_that_can(
    openrouter: Server, model: str, typed: list[str], sent: list[str | None]
) -> None:
    """A model that reasons anyway gets each step's effort, --effort goes to all that can reason,
    an option of the model wins over both."""
    result = found(*typed, model=model)
    assert efforts(openrouter) == sent
    told = "no model of this run can be told how hard to reason" in result["warnings"]
    assert told == (model == SMALL)


def test_effort_takes_room_in_the_reply(openrouter: Server) -> None:
    """A model that is to reason gets tokens for it on top of the step's bound."""
    found(model=SONNET)
    found("--effort", "low", model=SONNET)
    bounds = [chat.body["max_tokens"] for chat in openrouter.chats]
    assert bounds == [100] * 3 + [2100] * 3


# Calls


def test_a_limit_of_calls_stops_the_run(openrouter: Server) -> None:
    """Exit code 3, with what there is and the reason."""
    ended = debate("--max-calls", "2", "--json")
    result = json.loads(ended.stdout)
    assert ended.exit_code == 3
    assert (result["status"], result["answer"]) == ("stopped_by_budget", None)
    assert "the limit of 2 calls is used up: 1 made, one is kept for the answer" in ended.stderr
    assert len(openrouter.chats) == 1
    assert found("--max-calls", "3")["status"] == "done"


def test_a_profile_has_limits_of_its_own(openrouter: Server, user_folder: Path) -> None:
    """What the user types comes first, what the profile says second; neither exceeds the cap."""
    own = user_folder / "reasonkit" / "protocols" / "profiles.yaml"
    own.write_text(f"{PROFILE}  limits: {{max_calls: 3, usd: 0.25, tokens: 90000}}\n")
    arguments = ("think", "Is it so?", "--profile", "mine", "-m", SMALL)
    foreseen = json.loads(llm(*arguments, "--dry-run", "--json").stdout)
    assert (foreseen["max_calls"], foreseen["limit"]) == (3, "0.25")
    ended = llm(*arguments, "--dry-run")
    assert "the limit of calls stops the run at 3" in ended.stdout
    assert llm(*arguments).exit_code == 3
    assert llm(*arguments, "--max-calls", "4").exit_code == 0
    configure(user_folder, "max_cost_per_request = 0.10\n")
    for typed, limit in ([], "0.1"), (["--budget", "$2"], "2"):
        foreseen = json.loads(llm(*arguments, *typed, "--dry-run", "--json").stdout)
        assert foreseen["limit"] == limit


# Confidence


@pytest.mark.parametrize(
    ("critique", "least", "code", "words"),
    [
        ("See https://a.example", "0.8", 0, ""),
        ("See https://b.example", "0.8", 4, "80.0% was wanted, it is 0.0%: 0 of 1 checks passed"),
        (
            "See https://a.example and https://b.example",
            "0.5",
            0,
            "",
        ),
        ("No links.", "0", 4, "0.0% was wanted, and nothing in this run can be counted"),
    ],
)
def test_a_confidence_that_was_typed_has_to_be_reached(
    openrouter: Server, critique: str, least: str, code: int, words: str
) -> None:
    """Below it, and where none is known, the answer is printed, the exit code is 4, and why is
    said once."""
    openrouter.script(Answer("Case."), Answer(critique), Answer("Verdict."))
    question = ("think", "Is https://a.example right?", "--protocol", "debate", "-m", SMALL)
    ended = llm(*question, "--min-confidence", least)
    assert (ended.exit_code, ended.stdout) == (code, "Verdict.\n")
    assert words in ended.stderr
    assert ended.stderr.count("was wanted") == int(code == 4)


def test_a_profile_s_own_minimum_is_a_warning(openrouter: Server, user_folder: Path) -> None:
    """It adds a line to the result, not a failure; the one that was typed takes its place."""
    own = user_folder / "reasonkit" / "protocols" / "profiles.yaml"
    own.write_text(f"{PROFILE}  min_confidence: 0.9\n")
    openrouter.reply = lambda body: "See https://b.example"
    arguments = ("think", "Is it so?", "--profile", "mine", "-m", SMALL, "--json")
    ended = llm(*arguments)
    assert ended.exit_code == 0
    assert "a confidence of 90.0% was wanted" in json.loads(ended.stdout)["warnings"][0]
    ended = llm(*arguments, "--min-confidence", "0")
    assert (ended.exit_code, json.loads(ended.stdout)["warnings"]) == (0, [])


@pytest.mark.parametrize("share", ["80", "-0.1", "nan", "much"])
def test_what_is_no_share_is_refused(openrouter: Server, share: str) -> None:
    """A confidence is a number from 0 to 1."""
    ended = debate("--min-confidence", share)
    assert ended.exit_code == 2
    assert openrouter.requests == []


# Sources


def test_several_sources_at_once(openrouter: Server, tmp_path: Path) -> None:
    """--sources takes what -f takes, with commas or repeated, in order."""
    paths = [tmp_path / f"{name}.md" for name in "abc"]
    for path in paths:
        path.write_text(f"This is {path.stem}.")
    a, b, c = map(str, paths)
    assert found("--sources", f"{a},{b}", "--sources", c)
    prompt = openrouter.chats[0].body["messages"][-1]["content"]
    assert prompt.index("[S1]") < prompt.index("This is a.") < prompt.index("This is b.")
    assert prompt.index("[S3]") < prompt.index("This is c.")
    ended = debate("--sources", f"{a},{tmp_path}/none.md")
    assert ended.exit_code == 2


PAGE = citation("https://a.example/p", "A page", "Blue light is scattered more than red light.")
SEARCHED = Answer("Found a page.", annotations=[PAGE])


@pytest.mark.parametrize("stream", [[], ["--no-stream"]])
def test_what_a_search_of_the_web_finds_is_a_source(openrouter: Server, stream: list[str]) -> None:
    """The first call searches; its pages stand in every later prompt and count as given."""
    openrouter.script(SEARCHED, Answer("Case."), Answer("See https://a.example/p"))
    result = found("--web", "--budget", "$1", *stream)
    search, *others = openrouter.chats
    assert [tool["type"] for tool in search.body["tools"]] == ["openrouter:web_search"]
    assert not any("tools" in chat.body for chat in others)
    prompts = [chat.body["messages"][-1]["content"] for chat in others]
    assert all("A page\n\nBlue light is scattered" in prompt for prompt in prompts[:2])
    assert result["steps"][0]["output"] == {
        "text": "Found a page.",
        "pages": [
            {
                "name": "https://a.example/p",
                "text": "A page\n\nBlue light is scattered more than red light.",
            }
        ],
    }
    assert (result["checks"]["passed"], result["checks"]["failed"]) == (1, 0)
    assert Decimal(result["cost"]["usd"]) == openrouter.ledger.total > Decimal("0.005")


def test_a_search_costs_something_on_free_models_too(openrouter: Server) -> None:
    """Its fee is on the bill, and in the budget."""
    openrouter.script(SEARCHED)
    result = found("--web", model=f"{SMALL}:free")
    assert Decimal(result["cost"]["usd"]) == openrouter.ledger.total > 0
    ended = debate("--web", "--budget", "$0.001", model=f"{SMALL}:free")
    assert ended.exit_code == 3
    assert len(openrouter.chats) == 4 + 3


def test_a_search_is_in_the_dry_run(openrouter: Server) -> None:
    """It has a line of its own, with its fee."""
    ended = debate("--web", "--dry-run", "--json", model=f"{SMALL}:free")
    search, *others = json.loads(ended.stdout)["steps"]
    assert (search["protocol"], search["usd"]) == ("websearch", "0.02")
    assert {row["usd"] for row in others} == {"0"}


@pytest.mark.parametrize("model", [PROSE, "gpt-4o-mini"])
def test_a_model_that_cannot_search_is_told(
    openrouter: Server, model: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit code 2 before the first call, with what would do."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-none")
    ended = debate("--web", model=model)
    assert ended.exit_code == 2
    assert f"{model} cannot search the web" in ended.stderr
    assert "--role searcher=MODEL" in ended.stderr
    assert openrouter.chats == []


def test_another_model_can_search(openrouter: Server) -> None:
    """The searcher is a role like any other."""
    openrouter.script(SEARCHED, model="acme/small")
    assert found("--web", "--role", f"searcher={SMALL}", model=PROSE)
    assert models(openrouter) == ["acme/small", *["acme/prose"] * 3]


def test_a_run_that_searched_is_in_llm_s_log(openrouter: Server) -> None:
    """Its calls are turns like any others."""
    openrouter.script(SEARCHED)
    assert debate("--web").exit_code == 0
    assert "Found a page." in llm("logs", "-n", "4").stdout
    shown = json.loads(llm("reasonkit", "show", "--json").stdout)
    assert shown["steps"][0]["output"]["pages"][0]["name"] == "https://a.example/p"
