"""`llm think` as a user types it: what goes in, what comes out, what is kept."""

from __future__ import annotations

import json
import sqlite3
import stat
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from click.testing import Result as Ended

from llm_reasonkit.reasoning.result import Result
from tests.cli import answering, llm, write_protocol
from tests.openrouter_server import Answer, Server, moderated
from tests.test_cli_models import SMALL, png

SCHEMA = json.loads(
    (Path(__file__).parent.parent / "llm_reasonkit" / "result.schema.json").read_text()
)


def think(*arguments: str, stdin: str | bytes = "") -> Ended:
    """Think with the small protocol on the small model."""
    return llm("think", "--protocol", "weigh", "-m", SMALL, *arguments, stdin=stdin)


def prompt_of(body: Any) -> str:
    """The text of the prompt in a request, system prompt aside."""
    content = body["messages"][-1]["content"]
    return content if isinstance(content, str) else str(content[0]["text"])


def prompts(server: Server) -> list[str]:
    """The text of each prompt that was sent."""
    return [prompt_of(chat.body) for chat in server.chats]


@pytest.fixture(autouse=True)
def _weigh(user_folder: Path, openrouter: Server) -> None:
    write_protocol(user_folder)
    openrouter.reply = answering("Yes, because of the facts.")


# What comes out


def test_pipe_gets_the_answer_and_nothing_else() -> None:
    """Without a terminal stdout is the answer with one line end, and stderr is empty."""
    ended = think("Is it so?")
    assert (ended.exit_code, ended.stdout) == (0, "Yes, because of the facts.\n")
    assert ended.stderr == ""


@pytest.mark.parametrize(
    ("name", "beginning"),
    [
        *(("gigathink", "Yes,"), ("laserlogic", "Yes,"), ("bedrock", "Yes,")),
        *(("proofguard", "2 claims, none verified"), ("brutalhonesty", "Verdict by rule: ship.")),
    ],
)
def test_every_thinktool_gives_an_answer(name: str, beginning: str, openrouter: Server) -> None:
    """Each of the five protocols ends in one answer, with the question in every prompt."""
    ended = llm("think", "Should we use microservices?", "--protocol", name, "-m", SMALL)
    assert (ended.exit_code, ended.stdout[: len(beginning)]) == (0, beginning)
    assert all("Should we use microservices?" in prompt for prompt in prompts(openrouter))


@pytest.mark.parametrize(
    "name",
    ["quick", "balanced", "deep", "paranoid", "decide", "scientific", "powercombo"],
)
def test_every_profile_gives_an_answer(name: str) -> None:
    """Each of the seven profiles ends in one synthesis."""
    ended = llm("think", "Should we?", "--profile", name, "-m", SMALL, "--json")
    found = json.loads(ended.stdout)
    assert (ended.exit_code, found["profile"]) == (0, name)
    assert found["answer"].startswith("Yes,")


def test_balanced_when_nothing_is_said() -> None:
    """Without --protocol and --profile the profile is balanced."""
    found = json.loads(llm("think", "Should we?", "-m", SMALL, "--json").stdout)
    assert (found["profile"], found["protocol"]) == ("balanced", None)


def test_json_is_the_documented_object() -> None:
    """--json prints one object that the shipped schema accepts, with every part filled in."""
    ended = think("Is it so?", "--json")
    found = json.loads(ended.stdout)
    jsonschema.validate(found, SCHEMA)
    assert (found["status"], found["question"]) == ("done", "Is it so?")
    assert found["confidence"]["kind"] in ("checks", "none")
    names = [step["name"] for step in found["steps"]]
    assert names == ["facts", "look", "look", "verdict", "links"]
    assert found["models"] == [
        {
            "asked": SMALL,
            "served": "acme/small-2026-01-15",
            "provider": "Acme Cloud",
            "calls": 4,
        }
    ]
    assert ended.stderr == ""


def test_bill_of_every_call_is_in_log_and_result(openrouter: Server, user_folder: Path) -> None:
    """Each turn's cost equals its bill to 1e-12 USD, and the run's cost their sum."""
    found = json.loads(llm("think", "Should we?", "-m", SMALL, "--json").stdout)
    billed = sorted(openrouter.ledger[chat.generation or ""] for chat in openrouter.chats)
    tiny = Decimal("1e-12")
    with closing(sqlite3.connect(user_folder / "logs.db")) as db:
        rows = db.execute("select token_details from turns").fetchall()
        stored = db.execute("select cost from reasonkit_steps where cost is not null").fetchall()
    logged = sorted(Decimal(str(json.loads(row)["cost"])) for (row,) in rows)
    kept = sorted(cost * tiny for (cost,) in stored)
    assert len(billed) == len(logged) == len(kept) > 5
    assert all(abs(one - other) < tiny for one, other in zip(billed, logged, strict=True))
    assert all(abs(one - other) < tiny for one, other in zip(billed, kept, strict=True))
    assert Decimal(found["cost"]["usd"]) == openrouter.ledger.total
    assert (found["cost"]["source"], found["cost"]["unknown_calls"]) == ("billed", 0)


def test_usage_goes_to_stderr(openrouter: Server) -> None:
    """-u adds one line with tokens and cost, on stderr."""
    ended = think("Is it so?", "-u")
    assert ended.stdout == "Yes, because of the facts.\n"
    assert ended.stderr.startswith("Token usage: ")
    assert "billed" in ended.stderr


def test_no_stream(openrouter: Server) -> None:
    """--no-stream asks for whole replies and gives the same answer."""
    assert think("Is it so?", "--no-stream").stdout == "Yes, because of the facts.\n"
    assert not any(chat.body.get("stream") for chat in openrouter.chats)


def test_quiet_and_verbose() -> None:
    """--verbose puts every step's output on stderr, --quiet nothing; stdout stays the same."""
    loud, still = think("Is it so?", "--verbose"), think("Is it so?", "--quiet")
    assert loud.stdout == still.stdout
    assert still.stderr == ""
    for part in ("✓ facts", "word 1", "✓ look[1]", "✓ verdict", "status", "cost"):
        assert part in loud.stderr


def test_output_file(tmp_path: Path) -> None:
    """--output writes the answer to a file that only its owner can read, and not to stdout."""
    path = tmp_path / "answer.md"
    ended = think("Is it so?", "--output", str(path))
    assert (ended.exit_code, ended.stdout) == (0, "")
    assert path.read_text() == "Yes, because of the facts.\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_output_file_is_not_overwritten_unless_forced(tmp_path: Path, openrouter: Server) -> None:
    """An existing file is refused before the first call; --force replaces it as a whole."""
    path = tmp_path / "answer.json"
    path.write_text("mine")
    ended = think("Is it so?", "--output", str(path))
    assert (ended.exit_code, openrouter.requests) == (2, [])
    assert "--force" in ended.stderr
    assert path.read_text() == "mine"
    assert think("Is it so?", "--json", "--output", str(path), "--force").exit_code == 0
    assert json.loads(path.read_text())["answer"] == "Yes, because of the facts."
    assert list(tmp_path.glob(".answer*")) == []


# What goes in


def test_question_from_stdin(openrouter: Server) -> None:
    """Piped text alone is the question."""
    assert think("--json", stdin="Is it so?\n").exit_code == 0
    assert all("Is it so?" in prompt for prompt in prompts(openrouter))


def test_stdin_with_an_argument_is_a_source(openrouter: Server) -> None:
    """With both, the argument is the question and the piped text a source it is about."""
    found = json.loads(think("Is it so?", "--json", stdin="The sky is blue.").stdout)
    assert found["question"] == "Is it so?"
    assert all("The sky is blue." in prompt for prompt in prompts(openrouter))


@pytest.mark.parametrize("option", ["-f", "-a"])
def test_files_are_sources(openrouter: Server, tmp_path: Path, option: str) -> None:
    """Fragments and text attachments reach the model as sources, under their names."""
    path = tmp_path / "plan.txt"
    path.write_text("We rewrite everything in a week.")
    assert think("Is it sound?", option, str(path)).exit_code == 0
    assert all("We rewrite everything in a week." in prompt for prompt in prompts(openrouter))


def test_fragment_by_alias(openrouter: Server, tmp_path: Path) -> None:
    """-f takes an alias that llm knows."""
    path = tmp_path / "plan.txt"
    path.write_text("We rewrite everything in a week.")
    llm("fragments", "set", "plan", str(path))
    assert think("Is it sound?", "-f", "plan").exit_code == 0
    assert "We rewrite everything in a week." in prompts(openrouter)[0]


def test_image_goes_with_every_call(openrouter: Server, tmp_path: Path) -> None:
    """An image is attached to each call, as it is."""
    path = tmp_path / "image.png"
    path.write_bytes(png())
    assert think("What is it?", "-a", str(path)).exit_code == 0
    assert think("What is it?", "--at", str(path), "image/png").exit_code == 0
    kinds = [
        {part["type"] for part in chat.body["messages"][-1]["content"]} for chat in openrouter.chats
    ]
    assert kinds == [{"text", "image_url"}] * 8


def test_system_prompt_is_added(openrouter: Server) -> None:
    """-s stands in the system prompt of every step, beside ours."""
    assert think("Is it so?", "-s", "Answer like a pirate").exit_code == 0
    systems = [chat.body["messages"][0]["content"] for chat in openrouter.chats]
    assert all("Answer like a pirate" in text and "step" in text for text in systems)


def test_options_reach_every_call(openrouter: Server) -> None:
    """-o sets the model's options; the step's own bound on the reply holds as well."""
    assert think("Is it so?", "-o", "temperature", "0.2", "-o", "max_tokens", "250").exit_code == 0
    assert [chat.body["temperature"] for chat in openrouter.chats] == [0.2] * 4
    assert [chat.body["max_tokens"] for chat in openrouter.chats] == [250, 200, 200, 250]


def test_key_option(openrouter: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """--key is used before any other."""
    monkeypatch.setenv("OPENROUTER_API_KEY", "sk-or-v1-wrong")
    assert think("Is it so?", "--key", openrouter.key).exit_code == 0


def test_question_with_odd_characters(openrouter: Server) -> None:
    """Template signs, quotes and emoji in a question are text."""
    question = "{{ 7*7 }} {% raw %} 'a' \"b\" 🦆?"
    found = json.loads(think(question, "--json").stdout)
    assert found["question"] == question
    assert all(question in prompt for prompt in prompts(openrouter))


# Which model


@pytest.mark.parametrize(
    ("arguments", "asked"),
    [
        (["-m", "openrouter/acme/small"], "acme/small"),
        (["-m", "acme/small"], "acme/small"),
        (["--provider", "openrouter", "-m", "acme/small"], "acme/small"),
        (["--provider", "openrouter", "-m", "openrouter/acme/small"], "acme/small"),
        (["--provider", "openrouter"], "anthropic/claude-sonnet-4"),
        (["-m", "mine"], "acme/thinker"),
        ([], "anthropic/claude-sonnet-4"),
    ],
)
def test_model_that_is_named(openrouter: Server, arguments: list[str], asked: str) -> None:
    """-m takes ids with and without the prefix and aliases; --provider puts it in front once."""
    llm("-m", "openrouter/acme/thinker", "hi")
    llm("aliases", "set", "mine", "openrouter/acme/thinker")
    openrouter.requests.clear()
    assert llm("think", "q", "--protocol", "weigh", *arguments).exit_code == 0
    assert {chat.body["model"] for chat in openrouter.chats} == {asked}


def test_order_in_which_a_model_is_chosen(
    openrouter: Server, user_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """-m, else LLM_MODEL, else profile_mapping, else default_model, else llm's own default."""
    llm("-m", "openrouter/acme/prose", "hi")
    llm("models", "default", "openrouter/acme/prose")

    def asked(*arguments: str) -> str:
        openrouter.requests.clear()
        ended = llm("think", "q", "--profile", "quick", *arguments)
        assert ended.exit_code == 0, ended.stderr
        return str(openrouter.chats[0].body["model"])

    assert asked() == "acme/prose"
    config = user_folder / "reasonkit" / "config.toml"
    config.write_text('[providers.openrouter]\ndefault_model = "acme/small"\n')
    assert asked() == "acme/small"
    with config.open("a") as file:
        file.write('[providers.openrouter.profile_mapping]\nquick = "acme/thinker"\n')
    assert asked() == "acme/thinker"
    monkeypatch.setenv("LLM_MODEL", "acme/prose")
    assert asked() == "acme/prose"
    assert asked("-m", "acme/small") == "acme/small"


def test_model_that_reasons_is_not_told_to(openrouter: Server) -> None:
    """A model of which the catalogue says that it reasons gets no room for reasoning aloud."""
    llm("think", "q", "--protocol", "laserlogic", "-m", "acme/thinker")
    thinker = prompts(openrouter)
    openrouter.requests.clear()
    llm("think", "q", "--protocol", "laserlogic", "-m", "acme/small")
    assert any("Leave work empty" in prompt for prompt in thinker)
    assert not any("Leave work empty" in prompt for prompt in prompts(openrouter))


def test_model_without_schemas_is_asked_in_words(openrouter: Server) -> None:
    """Without structured outputs the form stands in the prompt and prose around JSON is read."""
    fenced = 'Here you are:\n```json\n{"facts": [{"text": "it is so"}]}\n```\n'
    openrouter.reply = lambda body: fenced if "List the facts" in str(body) else "Yes."
    ended = llm("think", "q", "--protocol", "weigh", "-m", "acme/prose", "--json")
    found = json.loads(ended.stdout)
    assert (found["status"], found["answer"]) == ("done", "Yes.")
    assert "response_format" not in openrouter.chats[0].body
    assert "facts" in prompts(openrouter)[0]


# What is kept


def turns(database: Path) -> list[tuple[str, str]]:
    """The thread and the reply of each turn of llm's log, in order."""
    rows = json.loads(llm("logs", "-n", "0", "--json", "-d", str(database)).stdout)
    return [(row["conversation_id"], row["response"]) for row in rows]


def test_every_call_is_a_turn_of_one_conversation(user_folder: Path) -> None:
    """`llm logs` has all calls under one conversation, the answer last."""
    found = json.loads(think("Is it so?", "--json").stdout)
    kept = turns(user_folder / "logs.db")
    assert {thread for thread, _ in kept} == {found["run_id"]}
    assert len(kept) == 4
    assert kept[-1][1] == "Yes, because of the facts."
    assert llm("logs", "-c").stdout.rstrip().endswith("Yes, because of the facts.")


def test_conversation_goes_on_from_the_answer(openrouter: Server) -> None:
    """`llm -c` continues after `llm think`: the last thing said is the answer."""
    think("Is it so?")
    openrouter.reply = lambda _: "Then no."
    assert llm("-c", "And with two engineers?").stdout == "Then no.\n"
    said = openrouter.chats[-1].body["messages"]
    assert said[-2] == {"role": "assistant", "content": "Yes, because of the facts."}
    assert said[-1]["content"] == "And with two engineers?"


def test_shown_run_is_the_result() -> None:
    """`llm reasonkit show --json` gives back exactly what `think --json` printed."""
    printed = think("Is it so?", "--json").stdout
    assert json.loads(llm("reasonkit", "show", "--json").stdout) == json.loads(printed)


def test_no_log_writes_nothing(user_folder: Path) -> None:
    """-n leaves the folder as it was, but for what is known of the models."""
    before = {path.relative_to(user_folder) for path in user_folder.rglob("*")}
    found = json.loads(think("Is it so?", "-n", "--json").stdout)
    after = {path.relative_to(user_folder) for path in user_folder.rglob("*")}
    assert found["trace_id"] is None
    assert {str(path) for path in after - before} == {
        "reasonkit/openrouter-models.json",
        "reasonkit/known-models.json",
    }


def test_logging_that_is_off(user_folder: Path) -> None:
    """`llm logs off` is heeded; --log logs this once."""
    llm("logs", "off")
    assert think("Is it so?").exit_code == 0
    assert not (user_folder / "logs.db").exists()
    assert think("Is it so?", "--log").exit_code == 0
    assert len(turns(user_folder / "logs.db")) == 4
    assert think("Is it so?", "--log", "-n").exit_code == 2


def test_database_option(user_folder: Path, tmp_path: Path) -> None:
    """-d logs to another file, which only its owner can read."""
    other = tmp_path / "other.db"
    assert think("Is it so?", "-d", str(other)).exit_code == 0
    assert len(turns(other)) == 4
    assert not (user_folder / "logs.db").exists()
    assert stat.S_IMODE(other.stat().st_mode) == 0o600
    assert llm("reasonkit", "show", "--json", "-d", str(other)).exit_code == 0


def test_result_reads_back_as_the_python_object() -> None:
    """The JSON is the Python result: reading it and writing it again changes nothing."""
    printed = think("Is it so?", "--json").stdout
    result = Result.model_validate_json(printed)
    assert json.loads(result.model_dump_json()) == json.loads(printed)


# A step that fails


def test_failed_step_is_named_in_the_answer(openrouter: Server) -> None:
    """The run goes on without an item that fails, and the answer says what is missing."""
    usual = answering("Yes.")

    def reply(body: Any) -> Any:
        text = prompt_of(body)
        return moderated() if "Look at" in text and "word 2" in text else usual(body)

    openrouter.reply = reply
    ended = think("Is it so?", "--json")
    found = json.loads(ended.stdout)
    assert (ended.exit_code, found["status"]) == (0, "partial")
    assert found["answer"].startswith("Yes.\n\nMissing from this answer: look[2]")
    assert [step["status"] for step in found["steps"] if step["id"] == "look[2]"] == ["failed"]
    assert found["cost"]["usd"] is not None


def test_reply_out_of_form_is_asked_for_once_more(openrouter: Server) -> None:
    """A reply that breaks the schema is asked for again with the validator's message."""
    openrouter.script(Answer('{"facts": []}'))
    found = json.loads(think("Is it so?", "--json").stdout)
    assert found["status"] == "done"
    attempts = [(step["id"], step["status"]) for step in found["steps"] if step["name"] == "facts"]
    assert attempts == [("facts", "failed"), ("facts#2", "done")]
    assert "facts" in prompts(openrouter)[1]
    assert "too short" in prompts(openrouter)[1] or "non-empty" in prompts(openrouter)[1]
