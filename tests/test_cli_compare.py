"""`llm compare`, as a user types it: answers side by side, ranked, saved, repeated."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from click.testing import Result as Ended
from llm import set_alias
from rich.console import Console

from llm_reasonkit.reasoning.result import Member, Result
from llm_reasonkit.render.result_json import result_schema
from llm_reasonkit.render.side_by_side import SideBySide, differences
from tests.cli import PROTOCOL, answering, llm, write_protocol
from tests.openrouter_server import Refuse, Server
from tests.sample_panel import comparison

SMALL, PROSE, SONNET = (
    "openrouter/acme/small",
    "openrouter/acme/prose",
    "openrouter/anthropic/claude-sonnet-4",
)
QUESTION = "What holds the moon?"
SAID = {"small": "Gravity holds it. It falls all the time.", "prose": "Gravity holds it. 12 times."}


def says(answers: dict[str, str]) -> Any:
    """A reply function: each model, by the end of its id, says its text."""
    return lambda body: next(text for name, text in answers.items() if body["model"].endswith(name))


def compare(*arguments: str, models: Sequence[str] = (SMALL, PROSE)) -> Ended:
    """Run `llm compare` on two models."""
    return llm("compare", QUESTION, "--models", ",".join(models), *arguments)


def found(ended: Ended) -> Any:
    """Read what `--json` printed."""
    assert ended.exit_code == 0, ended.output
    return json.loads(ended.stdout)


def test_side_by_side(user_folder: Path, openrouter: Server) -> None:
    """Each answer is shown with its model, times, tokens and cost; there is no common answer."""
    openrouter.reply = says(SAID)
    ended = compare()
    assert ended.exit_code == 0
    for part in (SMALL, PROSE, "Gravity holds it.", "first word", "tokens", "billed"):
        assert part in ended.stdout
    assert found(compare("--json"))["answer"] is None


def test_json_and_record(user_folder: Path, openrouter: Server) -> None:
    """`--json` fits the schema, has each answer and what it took, and is what the log gives."""
    openrouter.reply = says(SAID)
    printed = found(compare("--json"))
    jsonschema.validate(printed, result_schema())
    assert [member["answer"] for member in printed["members"]] == list(SAID.values())
    assert all(isinstance(member["first_token_ms"], int) for member in printed["members"])
    assert all(member["cost"]["source"] == "billed" for member in printed["members"])
    assert found(llm("reasonkit", "show", "last", "--json")) == printed


def test_plain_prompt(user_folder: Path, openrouter: Server) -> None:
    """The models get the question as it is: no typed answer and no protocol is asked of them."""
    openrouter.reply = says(SAID)
    compare("-s", "Be brief.")
    for request in openrouter.chats:
        assert request.body["messages"][-1]["content"].strip() == QUESTION
        assert request.body["messages"][0]["content"].startswith("Be brief.")


def test_schema(user_folder: Path, openrouter: Server) -> None:
    """With `--schema` each model answers in JSON that fits it, as under `llm prompt --schema`; one
    that does not, twice, has no answer."""
    openrouter.reply = says({"small": '{"name": "Ada", "age": 36}', "prose": "Ada was 36."})
    told = found(compare("--schema", "name, age int", "--json"))
    assert [member["answer"] for member in told["members"]] == ['{"name": "Ada", "age": 36}', None]
    assert (told["status"], told["answer"]) == ("partial", None)
    asked = openrouter.chats[0].body
    schema = asked["response_format"]["json_schema"]["schema"]
    assert schema["properties"]["age"] == {"type": "integer"}
    assert llm("reasonkit", "replay", "--last").exit_code == 0


def test_diff(user_folder: Path, openrouter: Server) -> None:
    """`--diff` shows each two answers as a unified diff of their sentences."""
    openrouter.reply = says(SAID)
    lines = compare("--diff").stdout.splitlines()
    assert lines[:2] == [f"--- {SMALL}", f"+++ {PROSE}"]
    assert " Gravity holds it." in lines
    assert "-It falls all the time." in lines
    assert "+12 times." in lines


def test_rank(user_folder: Path, openrouter: Server) -> None:
    """`--rank` asks a judge of another maker, in both orders; wins and the answer follow."""
    members = says(SAID)

    def reply(body: Any) -> Any:
        if not body["model"].startswith("anthropic"):
            return members(body)
        prompt = body["messages"][-1]["content"]
        first = prompt.index(SAID["small"]) < prompt.index(SAID["prose"])
        return json.dumps({"why": "it is right", "better": "first" if first else "second"})

    openrouter.reply = reply
    told = found(compare("--rank", SONNET, "--json"))
    assert [member["wins"] for member in told["members"]] == [1, 0]
    assert told["answer"] == SAID["small"]
    judging = [r.body for r in openrouter.chats if r.body["model"].startswith("anthropic")]
    assert len(judging) == 2
    assert not any("acme" in json.dumps(body["messages"]) for body in judging)


def test_judge_of_the_family(user_folder: Path, openrouter: Server) -> None:
    """A judge of a member's maker is refused before any call."""
    ended = compare("--rank", SMALL)
    assert ended.exit_code == 2
    assert "of the family of a member (acme)" in ended.stderr
    assert openrouter.chats == []


def test_free_and_paid_may_be_compared(user_folder: Path, openrouter: Server) -> None:
    """Two variants of one model are two columns: to compare them may be the point."""
    openrouter.reply = says({**SAID, "small:free": "For free."})
    told = found(compare("--json", models=(SMALL, f"{SMALL}:free")))
    assert [member["answer"] for member in told["members"]] == [SAID["small"], "For free."]


def test_member_in_trouble(user_folder: Path, openrouter: Server) -> None:
    """A member that fails is shown with its error; the others' answers stand, the code is 0."""
    members = says(SAID)
    gone = Refuse(404, {"code": 404, "message": "No endpoints found for acme/prose."})
    openrouter.reply = lambda body: gone if body["model"].endswith("prose") else members(body)
    told = found(compare("--json"))
    assert told["status"] == "partial"
    assert "No endpoints found" in told["members"][1]["error"]
    openrouter.reply = lambda body: gone
    assert compare().exit_code == 5


@pytest.mark.parametrize("form", ["json", "markdown", "html"])
def test_file(user_folder: Path, openrouter: Server, tmp_path: Path, form: str) -> None:
    """`--format … --output FILE` writes the comparison as a document and shows no table."""
    openrouter.reply = says(SAID)
    path = tmp_path / f"compared.{form}"
    ended = compare("--format", form, "--output", str(path))
    assert (ended.exit_code, ended.stdout) == (0, "")
    written = path.read_text()
    for text in ("Gravity holds it", "acme/small", "acme/prose"):
        assert text in written


def test_again(user_folder: Path, openrouter: Server) -> None:
    """`--last` asks the last prompt of llm's log of other models; `--cid` that of a thread."""
    openrouter.reply = says({**SAID, "claude-sonnet-4": "Nothing."})
    assert llm("prompt", "How far is the moon?", "-m", SONNET).exit_code == 0
    thread = json.loads(llm("logs", "list", "--json").stdout)[0]["conversation_id"]
    again = llm("compare", "--last", "-m", SMALL, "-m", PROSE, "--json")
    assert found(again)["question"] == "How far is the moon?"
    by_thread = llm("compare", "--cid", thread, "-m", SMALL, "-m", PROSE, "--json")
    assert found(by_thread)["question"] == "How far is the moon?"


def test_again_after_a_run(user_folder: Path, openrouter: Server) -> None:
    """After a run `--last` asks the run's question again, not the prompt of one of its steps."""
    write_protocol(user_folder, PROTOCOL)
    openrouter.reply = answering("It is so.")
    assert llm("think", "Is it so?", "--protocol", "weigh", "-m", SMALL).exit_code == 0
    again = llm("compare", "--last", "-m", SMALL, "-m", PROSE, "--json")
    assert found(again)["question"] == "Is it so?"


def test_alias_of_a_judge(user_folder: Path, openrouter: Server) -> None:
    """An alias does not hide that a judge is of a member's maker."""
    set_alias("referee", f"{SMALL}:free")
    ended = compare("--rank", "referee")
    assert ended.exit_code == 2
    assert "the judge referee is of the family of a member (acme)" in ended.stderr
    assert openrouter.chats == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([QUESTION, "-m", SMALL], "takes two models"),
        ([QUESTION, "--last", "-m", SMALL, "-m", PROSE], "one of them"),
        (["--last", "--cid", "x", "-m", SMALL, "-m", PROSE], "one of them"),
        (["--last", "-m", SMALL, "-m", PROSE], "no earlier prompt"),
        ([QUESTION, "-m", SMALL, "-m", "openrouter/acme/smal"], "acme/small"),
        ([QUESTION, "-m", SMALL, "-m", PROSE, "--profile", "quik"], "quick"),
        ([QUESTION, "-m", SMALL, "-m", "acme/smal", "--profile", "quick"], "acme/small"),
        (
            [QUESTION, "-m", SMALL, "-m", PROSE, "--profile", "quick", "--rank", SONNET],
            "--rank is for plain answers; compare them without --profile",
        ),
        (
            [QUESTION, "-m", SMALL, "-m", PROSE, "--profile", "quick", "--schema", "name, age"],
            "--schema is for plain answers; compare them without --profile",
        ),
    ],
)
def test_mistakes(user_folder: Path, openrouter: Server, arguments: list[str], said: str) -> None:
    """A mistake is one line that says what to do, exit code 2, before any call."""
    ended = llm("compare", *arguments)
    assert (ended.exit_code, ended.stdout) == (2, "")
    assert said in ended.stderr
    assert openrouter.chats == []


def test_protocol_on_each(user_folder: Path, openrouter: Server) -> None:
    """With a protocol each model thinks in a run of its own, which the comparison names; the
    whole cost is the sum."""
    write_protocol(user_folder, PROTOCOL)
    openrouter.reply = answering("It is so.")
    told = found(compare("--protocol", "weigh", "--json", "--budget", "$0.40,60s"))
    assert (told["command"], told["protocol"], told["status"]) == ("compare", "weigh", "done")
    for member in told["members"]:
        own = found(llm("reasonkit", "show", member["run_id"], "--json"))
        assert own["answer"] == member["answer"]
        assert own["cost"] == member["cost"]
    assert found(llm("reasonkit", "show", told["run_id"], "--json")) == told


def shown(result: Result, width: int) -> str:
    console = Console(width=width, record=True, force_terminal=False)
    with console.capture() as capture:
        console.print(SideBySide(result))
    return capture.get()


def test_protocol_on_each_without_money(user_folder: Path, openrouter: Server) -> None:
    """Runs that their part of the budget stops stop the comparison, with code 3; each is named by
    its model, and no cost is put on a run that made no call."""
    write_protocol(user_folder, PROTOCOL)
    ended = compare("--protocol", "weigh", "--json", "--budget", "$0.000001")
    told = json.loads(ended.stdout)
    assert (ended.exit_code, told["status"]) == (3, "stopped_by_budget")
    assert "$0.0000005 is used up" in ended.stderr
    assert [(m["model"], m["status"], m["cost"]) for m in told["members"]] == [
        (SMALL, "failed", None),
        (PROSE, "failed", None),
    ]
    assert openrouter.chats == []


def test_columns_where_there_is_room() -> None:
    """Wide, the answers stand beside each other; narrow, one below the other."""
    result = comparison()
    wide, narrow = shown(result, 200), shown(result, 80)
    heads = [member.model for member in result.members]
    assert any(all(head in line for head in heads) for line in wide.splitlines())
    assert not any(heads[0] in line and heads[1] in line for line in narrow.splitlines())
    assert all(len(line) <= 80 for line in narrow.splitlines())


def test_differences_stand_out() -> None:
    """Only what no other answer says is emphasised."""
    members = [
        Member(model="a", status="done", answer="It is so. It costs 12 euros."),
        Member(model="b", status="done", answer="It is so. Nobody knows."),
    ]
    result = comparison().model_copy(update={"members": members})
    console = Console(width=100, force_terminal=True, color_system="standard")
    with console.capture() as capture:
        console.print(SideBySide(result))
    emphasised = capture.get().split("\x1b[1m")[1:]
    text = " ".join(part.split("\x1b[0m")[0] for part in emphasised)
    assert "12 euros" in text
    assert "It is so" not in text


def test_hostile_answers() -> None:
    """Markup and control characters of an answer are shown as text, in tables and in diffs."""
    members = [
        Member(model="a", status="done", answer="[red]boo[/red] \x1b[2J one."),
        Member(model="b\n+++ x", status="done", answer="Two."),
    ]
    result = comparison().model_copy(update={"members": members})
    assert "[red]boo[/red]" in shown(result, 100)
    assert "\x1b" not in shown(result, 100) + differences(result)
    assert differences(result).splitlines()[1].startswith("+++ b")
    assert len([line for line in differences(result).splitlines() if line[:3] == "+++"]) == 1
