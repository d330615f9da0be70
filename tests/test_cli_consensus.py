"""`llm consensus`, as a user types it: votes are counted, dissent is shown, codes are kept."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from click.testing import Result as Ended

from llm_reasonkit.render.result_json import result_schema
from tests.cli import llm, until
from tests.openrouter_server import Answer, Refuse, Server, Stall

MEMBERS = ("openrouter/acme/small", "openrouter/acme/prose", "openrouter/anthropic/claude-sonnet-4")
QUESTION = "How many moons has Mars?"


def says(answers: dict[str, str]) -> Any:
    """A reply function: each model, by the end of its id, gives its answer."""

    def reply(body: Any) -> str:
        answer = next(text for name, text in answers.items() if body["model"].endswith(name))
        return f"I looked it up.\n\nFinal answer: {answer}"

    return reply


def consensus(*arguments: str) -> Ended:
    """Run `llm consensus` with three members."""
    members = [part for model in MEMBERS for part in ("-m", model)]
    return llm("consensus", QUESTION, *members, *arguments)


def found(ended: Ended) -> Any:
    """Read what `--json` printed."""
    return json.loads(ended.stdout)


def test_all_agree(user_folder: Path, openrouter: Server) -> None:
    """Three equal votes of two makers are accepted: the answer is printed, the code is 0."""
    openrouter.reply = says({"small": "2", "prose": "two", "claude-sonnet-4": "2.0"})
    ended = consensus()
    assert (ended.exit_code, ended.stdout) == (0, "2\n")
    assert "3 of 3" in ended.stderr


def test_dissent(user_folder: Path, openrouter: Server) -> None:
    """Two of three are not accepted at 0.8: the leading answer is printed, labelled, and who says
    what else; the code is 4."""
    openrouter.reply = says({"small": "2", "prose": "2", "claude-sonnet-4": "3"})
    ended = consensus()
    assert ended.exit_code == 4
    assert "no consensus" in ended.stderr
    assert "2 of 3" in ended.stderr
    assert "claude-sonnet-4" in ended.stderr
    told = found(consensus("--json"))
    assert (told["status"], told["answer"]) == ("no_consensus", "2")
    assert told["agreement"]["leading"] == 2
    assert told["agreement"]["needed"] == 3
    assert told["dissent"][0]["answer"] == "3"
    assert [vote["canonical"] for vote in told["votes"]] == ["2", "2", "3"]


def test_accepted_with_dissent(user_folder: Path, openrouter: Server) -> None:
    """Also of an accepted answer it is said who says what else, and where that first parts."""
    openrouter.reply = says({"small": "2", "prose": "3", "claude-sonnet-4": "2"})
    ended = consensus("--threshold", "0.6")
    assert (ended.exit_code, ended.stdout) == (0, "2\n")
    assert "2 of 3 members, 2 families; 0.6 of 3 = 2 of 3: accepted" in ended.stderr
    assert f"dissent: {MEMBERS[1]}: 3\n" in ended.stderr
    assert "0.6 of 3" not in consensus("--threshold", "0.6", "--quiet").stderr


def test_json_is_complete(user_folder: Path, openrouter: Server) -> None:
    """`--json` fits the shipped schema and has each raw reply, what was read, its canonical form,
    its group, what decided that, and what each member took."""
    openrouter.reply = says({"small": "1,000", "prose": "one thousand", "claude-sonnet-4": "12"})
    told = found(consensus("--json"))
    jsonschema.validate(told, result_schema())
    assert [vote["cluster"] for vote in told["votes"]] == [0, 0, 1]
    assert [vote["rung"] for vote in told["votes"]] == ["canonical", "canonical", "veto"]
    assert told["votes"][0]["raw"].startswith("I looked it up.")
    assert told["votes"][0]["answer"] == "1,000"
    assert told["votes"][0]["canonical"] == told["votes"][1]["canonical"]
    assert [member["model"] for member in told["members"]] == list(MEMBERS)
    assert all(member["cost"]["source"] == "billed" for member in told["members"])
    assert Decimal(told["cost"]["usd"]) == sum(
        Decimal(member["cost"]["usd"]) for member in told["members"]
    )
    assert told["confidence"]["kind"] in ("prior", "agreement")


def test_record_equals_what_was_printed(user_folder: Path, openrouter: Server) -> None:
    """`show --json` gives back, from logs.db, the very object that `consensus --json` printed."""
    openrouter.reply = says({"small": "2", "prose": "I refuse.", "claude-sonnet-4": "3"})
    printed = found(consensus("--json", "--rounds", "1"))
    assert found(llm("reasonkit", "show", "last", "--json")) == printed


def test_two_that_agree(user_folder: Path, openrouter: Server) -> None:
    """`--ask 2+1` accepts two that agree as 2 of 2 asked, says so, and asks no third."""
    openrouter.reply = says({"small": "yes", "claude-sonnet-4": "true", "prose": "no"})
    order = [MEMBERS[0], MEMBERS[2], MEMBERS[1]]
    ended = llm("consensus", "Is 7 a prime?", "--models", ",".join(order), "--ask", "2+1")
    assert ended.exit_code == 0
    assert "2 of 2 members asked" in llm("reasonkit", "show").output
    assert len(openrouter.chats) == 2


def test_decided_stops_early(user_folder: Path, openrouter: Server) -> None:
    """`--stop decided` leaves out who can't change the verdict, and counts the calls saved."""
    openrouter.reply = says({"small": "2", "prose": "2", "claude-sonnet-4": "2"})
    arguments = ["-m", MEMBERS[0], "-m", MEMBERS[2], "-m", MEMBERS[1]]
    told = found(
        llm("consensus", QUESTION, *arguments, "--stop", "decided", "--threshold", "0.6", "--json")
    )
    assert told["agreement"]["accepted"]
    assert (told["agreement"]["asked"], told["agreement"]["calls_saved"]) == (2, 1)
    assert "1 call saved" in " ".join(llm("reasonkit", "show").stdout.split())
    assert [vote["status"] for vote in told["votes"]] == ["vote", "vote", "not asked"]


def test_samples_of_one_model(user_folder: Path, openrouter: Server) -> None:
    """`--samples 6 --stop likely` asks one model until its answer is likely its most frequent."""
    openrouter.reply = says({"small": "2"})
    told = found(
        llm(
            *("consensus", QUESTION, "-m", MEMBERS[0], "--samples", "6"),
            *("--stop", "likely", "--threshold", "0.6", "--json"),
        )
    )
    assert told["members"][5]["model"] == f"{MEMBERS[0]}#6"
    assert told["agreement"]["calls_saved"] == 2
    assert (told["agreement"]["families"], told["answer"]) == (1, "2")


def test_one_model_by_two_names(user_folder: Path, openrouter: Server) -> None:
    """Two ids of one model are one member, and the run says so; alone it is no panel."""
    openrouter.reply = says({"small": "2", "small:free": "2", "claude-sonnet-4": "2"})
    free = f"{MEMBERS[0]}:free"
    told = found(
        llm("consensus", QUESTION, "-m", MEMBERS[0], "-m", free, "-m", MEMBERS[2], "--json")
    )
    assert told["agreement"]["members"] == 2
    assert f"{free} is the same model as {MEMBERS[0]}: one member" in told["warnings"]
    alone = llm("consensus", QUESTION, "-m", MEMBERS[0], "-m", free)
    assert alone.exit_code == 2
    assert f"{free} is the same model as {MEMBERS[0]}" in alone.stderr
    assert "takes two votes" in alone.stderr


TROUBLES = {
    "missing": Refuse(404, {"code": 404, "message": "No endpoints found for acme/prose."}),
    "refuses": Answer("I'm sorry, but I can't help with that."),
    "cut off": Answer("Let me count the moons. Phobos", finish_reason="length"),
    "moderated": Refuse(403, {"code": 403, "message": "Input was flagged"}),
}


@pytest.mark.parametrize("trouble", TROUBLES)
def test_trouble_of_a_member(user_folder: Path, openrouter: Server, trouble: str) -> None:
    """A member that is missing, refuses, or is cut off has no vote: the panel goes on, says so,
    and the verdict is what the others support."""
    others = says({"small": "2", "claude-sonnet-4": "2"})
    openrouter.reply = lambda body: (
        TROUBLES[trouble] if body["model"].endswith("prose") else others(body)
    )
    ended = consensus("--threshold", "0.6", "--json")
    told = found(ended)
    assert (ended.exit_code, told["answer"]) == (0, "2")
    assert (told["agreement"]["leading"], told["agreement"]["members"]) == (2, 3)
    assert told["votes"][1]["status"] not in ("vote", "not asked")
    assert consensus().exit_code == 4


def test_slow_member_and_time(user_folder: Path, openrouter: Server) -> None:
    """When the time of the budget is over, who has answered is counted; the code is 3."""
    others = says({"small": "2", "claude-sonnet-4": "2"})
    openrouter.reply = lambda body: Stall() if body["model"].endswith("prose") else others(body)
    ended = consensus("--budget", "3s", "--json")
    told = found(ended)
    assert ended.exit_code == 3
    assert (told["status"], told["answer"]) == ("stopped_by_budget", "2")
    assert told["votes"][1]["status"] == "interrupted"
    assert "the budget of 3 seconds is used up" in told["warnings"]


def test_no_member_answers(user_folder: Path, openrouter: Server) -> None:
    """Where no model answers the code is 5 and the first reason is shown."""
    openrouter.reply = lambda body: TROUBLES["missing"]
    ended = consensus()
    assert (ended.exit_code, ended.stdout) == (5, "")
    assert "no answer:" in ended.stderr


def test_tie(user_folder: Path, openrouter: Server) -> None:
    """A tie has no answer: stdout stays empty, both positions are named, the code is 4."""
    openrouter.reply = says({"small": "2", "claude-sonnet-4": "3"})
    ended = llm("consensus", QUESTION, "-m", MEMBERS[0], "-m", MEMBERS[2])
    assert (ended.exit_code, ended.stdout) == (4, "")
    assert "a tie" in ended.stderr
    assert "position: openrouter/acme/small: 2\n" in ended.stderr
    assert "claude-sonnet-4: 3" in ended.stderr


def test_budget_of_money(user_folder: Path, openrouter: Server) -> None:
    """A budget that pays for no member ends with 3 before any call."""
    ended = consensus("--budget", "$0.0000001")
    assert ended.exit_code == 3
    assert "stopped:" in ended.stderr
    assert openrouter.chats == []


def test_choices(user_folder: Path, openrouter: Server) -> None:
    """With `--choices` a letter and the option's text are the same answer, shown as typed."""
    openrouter.reply = says({"small": "B", "prose": "Deimos", "claude-sonnet-4": "(B) Deimos"})
    ended = consensus("--choices", "Phobos,Deimos,Luna", "--json")
    assert ended.exit_code == 0
    assert {vote["canonical"] for vote in found(ended)["votes"]} == {"B"}
    assert found(ended)["answer"] == "Deimos"
    assert {vote["answer"] for vote in found(ended)["votes"]} == {"Deimos"}
    assert "B. Deimos" in json.dumps(openrouter.chats[0].body)


AGES = {
    "small": '{"name": "Ada", "age": 36, "born": "10 December 1815"}',
    "prose": '{"age": 36.0, "born": "1815-12-10", "name": "ada", "said": "much"}',
    "claude-sonnet-4": '{"name": "Ada", "age": 63, "born": "1815-12-10"}',
}


def test_schema(user_folder: Path, openrouter: Server) -> None:
    """With `--schema` members answer in JSON, compared field by field in canonical form; the answer
    is JSON, and a reply that fits no schema is no vote."""
    openrouter.reply = lambda body: AGES[body["model"].rpartition("/")[2]]
    ask = ("--schema", "name, age int, born", "--threshold", "0.6")
    ended = consensus(*ask)
    assert json.loads(ended.stdout) == {"name": "Ada", "age": 36, "born": "10 December 1815"}
    told = found(consensus(*ask, "--json"))
    assert [vote["cluster"] for vote in told["votes"]] == [0, 0, 1]
    assert (told["answer_kind"], told["agreement"]["leading"]) == ("json", 2)
    sent = openrouter.chats[0].body["response_format"]["json_schema"]["schema"]
    assert sent["properties"]["age"] == {"type": "integer"}
    openrouter.reply = lambda body: "Ada was 36 years old."
    nothing = found(consensus(*ask, "--json"))
    assert (nothing["answer"], nothing["agreement"]["leading"]) == (None, 0)


def test_open_question_without_a_synthesis(user_folder: Path, openrouter: Server) -> None:
    """Where no synthesis comes about the members' answers are shown, each for itself."""
    openrouter.reply = lambda body: "Gravity, by and large."
    ended = llm("consensus", "Explain the tides", "-m", MEMBERS[0], "-m", MEMBERS[2])
    assert ended.exit_code == 5
    assert ended.stdout.count("Gravity, by and large.") == 2
    assert "no synthesis came about: the reply holds no complete JSON object" in ended.stderr
    assert llm("reasonkit", "replay").stdout.count("Gravity, by and large.") == 2


def test_schema_from_elsewhere(user_folder: Path, openrouter: Server, tmp_path: Path) -> None:
    """A schema may be JSON, or stand in a file or a template, as for `llm prompt`."""
    openrouter.reply = lambda body: AGES["small"]
    schema = {"type": "object", "properties": {"age": {"type": "integer"}}, "required": ["age"]}
    (tmp_path / "age.json").write_text(json.dumps(schema))
    (user_folder / "templates").mkdir()
    (user_folder / "templates" / "age.yaml").write_text(f"schema_object: {json.dumps(schema)}")
    for typed in (json.dumps(schema), str(tmp_path / "age.json"), "t:age"):
        assert consensus("--schema", typed).stdout == '{"age": 36}\n'


def test_judge_joins_words(user_folder: Path, openrouter: Server) -> None:
    """`--judge` is asked only about answers whose words differ, and its call is in the record."""
    members = says({"small": "Amsterdam", "prose": "the city of A'dam"})
    same = {"pairs": [{"number": 1, "right_follows": "yes", "left_follows": "yes"}]}
    openrouter.reply = lambda body: (
        json.dumps(same) if body["model"].startswith("anthropic") else members(body)
    )
    question = "What is the name of the largest city of the Netherlands?"
    told = found(
        llm(
            *("consensus", question, "-m", MEMBERS[0], "-m", MEMBERS[1], "--answer", "text"),
            *("--judge", MEMBERS[2], "--json"),
        )
    )
    assert told["agreement"]["leading"] == 2
    assert [step["name"] for step in told["steps"]] == ["members", "members", "same"]
    assert told["warnings"] == []


def test_judge_that_is_a_member(user_folder: Path, openrouter: Server) -> None:
    """A judge may be a member; where it had something to judge, that is said."""
    members = says({"small": "Amsterdam", "prose": "the city of A'dam"})
    openrouter.reply = lambda body: (
        '{"pairs": []}' if "numbered pairs" in str(body["messages"]) else members(body)
    )
    asked = ("What is the largest city of the Netherlands?", "--answer", "text")
    ended = llm(*("consensus", *asked, "-m", MEMBERS[0], "-m", MEMBERS[1], "--judge", MEMBERS[0]))
    assert f"{MEMBERS[0]}, itself a member, judged which answers mean the same" in ended.stderr


def test_named_panel(user_folder: Path, openrouter: Server) -> None:
    """`--panel review` takes members and threshold from the configuration; flags win."""
    openrouter.reply = says({"small": "2", "prose": "3", "claude-sonnet-4": "2"})
    folder = user_folder / "reasonkit"
    folder.mkdir()
    models = json.dumps(list(MEMBERS))
    (folder / "config.toml").write_text(f"[panels.review]\nmodels = {models}\nthreshold = 0.6\n")
    told = found(llm("consensus", QUESTION, "--panel", "review", "--json"))
    assert (told["agreement"]["threshold"], told["agreement"]["needed"]) == ("0.6", 2)
    assert told["agreement"]["accepted"]
    strict = llm("consensus", QUESTION, "--panel", "review", "--threshold", "0.8")
    assert strict.exit_code == 4
    unknown = llm("consensus", QUESTION, "--panel", "reviev")
    assert unknown.exit_code == 2
    assert "'reviev'" in unknown.stderr
    assert "review" in unknown.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--threshold", "1.5"], "above 0 and up to 1"),
        (["--threshold", "0"], "above 0 and up to 1"),
        (["--threshold", "nan"], "above 0 and up to 1"),
        (["--threshold", "most"], "a share such as 0.8"),
        (["--ask", "2,1"], "write it as 2+1"),
        (["--ask", "2+0"], "write it as 2+1"),
        (["--ask", "2+2"], "takes 4 members, and there are 3"),
        (["--ask", "2+1", "--stop", "decided"], "leave --stop out"),
        (["--stop", "likely"], "models are not alike"),
        (["--budget", "much"], "--budget"),
        (["--schema", "no-such-file"], "--schema no-such-file: Invalid schema"),
        (["--schema", '{"type": "array"}'], "an output is an object"),
        (["--schema", "age int", "--answer", "number"], "leave --answer and --choices out"),
        (["--answer", "json"], "needs a --schema"),
        (["--choices", "A"], "give two at least"),
        (["--choices", "A,B", "--answer", "number"], "the kind number; leave one of the two out"),
        (["-m", "openrouter/acme/smal"], "acme/small"),
    ],
)
def test_mistakes(user_folder: Path, openrouter: Server, arguments: list[str], said: str) -> None:
    """A mistake is one line that says what to do, exit code 2, before any call."""
    ended = consensus(*arguments)
    assert (ended.exit_code, ended.stdout) == (2, "")
    assert said in ended.stderr
    assert openrouter.chats == []


@pytest.mark.parametrize("command", ["consensus", "compare"])
def test_provider_of_the_members(user_folder: Path, openrouter: Server, command: str) -> None:
    """--provider goes in front of each model that is named, once, and needs one."""
    openrouter.reply = says({"small": "2", "claude-sonnet-4": "2"})
    names = "acme/small,openrouter/anthropic/claude-sonnet-4"
    ended = llm(command, QUESTION, "--provider", "openrouter", "--models", names, "--json")
    assert ended.exit_code == 0
    assert [member["model"] for member in found(ended)["members"]] == [MEMBERS[0], MEMBERS[2]]
    nobody = llm(command, QUESTION, "--provider", "openrouter")
    assert nobody.exit_code == 2
    assert "name its models with -m or --models" in nobody.stderr


def test_one_member_is_no_panel(user_folder: Path, openrouter: Server) -> None:
    """One member, or none, is refused; so is an empty question."""
    for members in ([], ["-m", MEMBERS[0]]):
        ended = llm("consensus", QUESTION, *members)
        assert ended.exit_code == 2
        assert "takes two votes" in ended.stderr
    assert llm("consensus", " ", "-m", MEMBERS[0], "-m", MEMBERS[2]).exit_code == 2


def test_min_confidence(user_folder: Path, openrouter: Server) -> None:
    """Below `--min-confidence` an accepted answer is printed, and the code is 4."""
    openrouter.reply = says({"small": "2", "prose": "2", "claude-sonnet-4": "2"})
    ended = consensus("--min-confidence", "0.999")
    assert (ended.exit_code, ended.stdout) == (4, "2\n")
    assert "a confidence of 99.9% was wanted" in ended.stderr


def test_terminal_codes_of_a_member(user_folder: Path, openrouter: Server) -> None:
    """Control characters in a member's reply never reach the terminal."""
    openrouter.reply = lambda body: Answer("\x1b[2J\x1b]0;owned\x07Final answer: \x1b[31mno")
    ended = llm("consensus", "Is 7 even?", "-m", MEMBERS[0], "-m", MEMBERS[2])
    assert "\x1b" not in ended.output
    assert "\x07" not in ended.output


def test_ctrl_c(user_folder: Path, openrouter: Server) -> None:
    """Ctrl-C records the votes so far as an interrupted run and ends with 130."""
    others = says({"small": "2", "claude-sonnet-4": "2"})
    openrouter.reply = lambda body: Stall() if body["model"].endswith("prose") else others(body)
    members = [part for model in MEMBERS for part in ("-m", model)]
    running = subprocess.Popen(
        [sys.executable, "-m", "llm", "consensus", QUESTION, *members],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
    )

    def answered() -> bool:
        counted = llm("logs", "list", "--json", "-n", "0")
        return counted.exit_code == 0 and len(json.loads(counted.stdout)) == 2

    until(answered)
    running.send_signal(signal.SIGINT)
    running.communicate(timeout=60)
    assert running.returncode == 130
    told = found(llm("reasonkit", "show", "last", "--json"))
    assert (told["status"], told["answer"]) == ("interrupted", "2")
    assert [vote["status"] for vote in told["votes"]] == ["vote", "interrupted", "vote"]


def open_replies(body: Any) -> str:
    """Members that answer in prose, and a judge that matches their claims."""
    if not body["model"].startswith("anthropic"):
        return "A monolith is easier to deploy."
    prompt = body["messages"][-1]["content"]
    if "List the claims" not in prompt:
        return "A monolith is easier to deploy [c1]. Rust is best."
    quote = "A monolith is easier to deploy"
    stances = [{"member": m, "stance": "supports", "quote": quote} for m in ("M1", "M2")]
    return json.dumps({"claims": [{"text": f"{quote}.", "stances": stances}]})


def test_open_question(user_folder: Path, openrouter: Server) -> None:
    """An open question is not voted on: the synthesis is printed, each sentence with the claims it
    rests on, the code is 0, and the record is what was printed."""
    openrouter.reply = open_replies
    arguments = ["Explain monoliths", "-m", MEMBERS[0], "-m", MEMBERS[1], "--judge", MEMBERS[2]]
    ended = llm("consensus", *arguments)
    assert (ended.exit_code, ended.stdout) == (
        0,
        (
            "A monolith is easier to deploy. [c1: 2 of 2 answers]\n"
            "Rust is best. [the synthesiser's own]\n"
        ),
    )
    printed = found(llm("consensus", *arguments, "--json"))
    assert printed["checks"]["items"][0]["detail"].startswith("agreed: A monolith")
    assert (printed["agreement"], printed["votes"]) == (None, [])
    assert found(llm("reasonkit", "show", "last", "--json")) == printed
    own = llm("consensus", *arguments, "-m", MEMBERS[2])
    assert f"{MEMBERS[2]}, itself a member, matched the claims" in own.stderr
    refused = llm("consensus", *arguments, "--ask", "1+1")
    assert refused.exit_code == 2
    assert "open question" in refused.stderr
