"""Going on with a run that broke off: nothing is paid for twice, and the record is one."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from llm_reasonkit import OpenRouterProvider, ThinkToolOrchestrator
from llm_reasonkit.api import Question, Source
from llm_reasonkit.errors import UsageError
from llm_reasonkit.store.history import load_run
from llm_reasonkit.store.presence import Presence
from tests.cli import PROTOCOL, answering, llm, until, write_protocol
from tests.openrouter_server import Answer, Server, refuse
from tests.test_cli_models import SMALL, png

YES = "Yes, because of the facts."


@pytest.fixture(autouse=True)
def _weigh(user_folder: Path, openrouter: Server) -> None:
    write_protocol(user_folder)
    openrouter.reply = answering(YES)


@pytest.fixture
def log(user_folder: Path) -> Path:
    """Where runs are recorded."""
    return user_folder / "logs.db"


def think(*arguments: str) -> Any:
    """Think with the small protocol, which takes four calls; give the result."""
    ended = llm("think", "Is it so?", "--protocol", "weigh", "-m", SMALL, "--json", *arguments)
    return json.loads(ended.stdout)


def resume(*arguments: str) -> Any:
    """Go on with the last run; give the result."""
    ended = llm("reasonkit", "resume", "--json", *arguments)
    assert ended.exit_code == 0, ended.stderr
    return json.loads(ended.stdout)


def write(log: Path, *statements: str) -> None:
    """Change what is recorded."""
    with closing(sqlite3.connect(log)) as db:
        for statement in statements:
            db.execute(statement)
        db.commit()


def break_off(log: Path, *under_way: str) -> None:
    """Leave the log as a kill would, with these calls under way and nothing after them."""
    names = ", ".join(f"'{step}'" for step in under_way)
    first = f"(select min(seq) from reasonkit_steps where id in ({names}))"
    write(
        log,
        f"delete from reasonkit_steps where seq > {first} and id not in ({names})",
        "update reasonkit_steps set status = 'running', output = null, reply = null, cost = null, "
        "cost_source = 'unknown', cost_unknown_calls = 1, turn_id = null, input_tokens = null, "
        f"output_tokens = null where id in ({names})",
        "update reasonkit_runs set status = null, answer = null, cost = null, duration_ms = null",
    )


def statuses(result: dict[str, Any]) -> dict[str, str]:
    return {step["id"]: step["status"] for step in result["steps"]}


# What goes on


def test_only_what_is_missing_is_asked(openrouter: Server, log: Path) -> None:
    """The same run ends with the same answer; replies that are there are taken, and the call
    without one is made again and reported."""
    first = think()
    break_off(log, "look[2]")
    broken = load_run(log, "last")
    assert {step.id: step.status for step in broken.steps} == {
        "facts": "done",
        "look[1]": "done",
        "look[2]": "interrupted",
    }
    short = first["run_id"][-6:]
    assert broken.warnings[1] == f"it died; go on with it: llm reasonkit resume {short}"
    openrouter.requests.clear()
    again = resume()
    prompts = [chat.body["messages"][-1]["content"] for chat in openrouter.chats]
    assert ["Look at this" in prompts[0], "Decide." in prompts[1]] == [True, True]
    assert len(prompts) == 2
    assert (again["run_id"], again["answer"]) == (first["run_id"], first["answer"])
    assert again["cost"] == {**first["cost"], "unknown_calls": 1}
    assert again["warnings"] == ["broken off before, and perhaps billed: look[2]"]
    assert json.loads(llm("reasonkit", "show", "--json").stdout) == again
    assert len(json.loads(llm("reasonkit", "runs", "--json").stdout)["items"]) == 1


def test_requests_are_the_same_as_they_were(openrouter: Server, log: Path, tmp_path: Path) -> None:
    """The system prompt, sources, options and attachments of the first time go along again."""
    source, picture = tmp_path / "plan.md", tmp_path / "image.png"
    source.write_text("The plan is to wait.")
    picture.write_bytes(png())
    think("-s", "Be brief.", "-f", str(source), "-a", str(picture), "-o", "temperature", "0.3")
    before = openrouter.chats[-1].body
    source.unlink()
    break_off(log, "verdict")
    resume()
    assert openrouter.chats[-1].body == before
    assert "The plan is to wait." in json.dumps(before)


def test_what_failed_is_asked_again(openrouter: Server) -> None:
    """Steps whose model was not to be had are asked again, and those that lacked them run."""
    answer = answering(YES)

    def moody(body: Any) -> Any:
        is_look = "Look at this" in body["messages"][-1]["content"]
        return refuse(404, "No endpoints found") if is_look else answer(body)

    openrouter.reply = moody
    failed = think()
    assert statuses(failed) == {
        "facts": "done",
        "look[1]": "failed",
        "look[2]": "failed",
        "verdict": "skipped",
        "links": "skipped",
    }
    openrouter.reply = answer
    openrouter.requests.clear()
    done = resume()
    assert (done["status"], done["answer"]) == ("done", YES)
    assert len(openrouter.chats) == 3
    assert Decimal(done["cost"]["usd"]) == openrouter.ledger.total


def test_a_reply_that_could_not_be_read_is_not_paid_for_again(openrouter: Server) -> None:
    """It failed and would fail again: the run ends as before, without a request."""
    openrouter.reply = lambda body: "no object"
    failed = think()
    asked = len(openrouter.chats)
    ended = llm("reasonkit", "resume", "--json")
    assert ended.exit_code == 5
    assert len(openrouter.chats) == asked
    assert statuses(json.loads(ended.stdout)) == statuses(failed)


def test_other_models_can_take_over(openrouter: Server, log: Path) -> None:
    """With -m what is missing is asked of another model, even one that needs other words."""
    think()
    break_off(log, "verdict")
    done = resume("-m", "openrouter/acme/thinker")
    models = {step["id"]: step["model"] for step in done["steps"] if step["model"]}
    assert models == {
        "facts": SMALL,
        "look[1]": SMALL,
        "look[2]": SMALL,
        "verdict": "openrouter/acme/thinker",
    }
    assert len(openrouter.chats) == 5


# Money and time


def test_what_was_spent_before_counts(openrouter: Server, log: Path) -> None:
    """A budget holds for all parts of a run together; a call that was cut off may have cost what
    was set aside for it."""
    think()
    break_off(log, "verdict")
    with closing(sqlite3.connect(log)) as db:
        ((known, most),) = db.execute(
            "select sum(cost), sum(most_cost) filter (where cost is null) from reasonkit_steps"
        )
    spent = Decimal(known + most).scaleb(-12)
    asked = len(openrouter.chats)
    ended = llm("reasonkit", "resume", "--budget", f"${spent}")
    assert ended.exit_code == 3
    assert f"is used up: ${spent.normalize():f} spent" in ended.stderr
    assert len(openrouter.chats) == asked
    assert resume("--budget", f"${spent * 2}")["status"] == "done"


def test_the_first_budget_still_holds(openrouter: Server, log: Path) -> None:
    """Without a new one, the budget that was typed first is the run's."""
    think("--budget", "2500t")
    break_off(log, "look[1]", "look[2]")
    write(log, "update reasonkit_steps set most_tokens = 2000 where status = 'running'")
    ended = llm("reasonkit", "resume")
    assert ended.exit_code == 3
    assert "the budget of 2,500 tokens is used up" in ended.stderr


def test_time_spent_before_counts(openrouter: Server, log: Path) -> None:
    """So do seconds, but not those in which the run lay dead."""
    think("--budget", "90s")
    break_off(log, "verdict")
    write(
        log,
        "update reasonkit_runs set started = '2026-01-01T00:00:00+00:00'",
        "update reasonkit_steps set started = '2026-01-01T00:00:29+00:00', duration_ms = 1000",
    )
    assert 30_000 <= resume()["duration_ms"] < 90_000
    break_off(log, "verdict")
    write(
        log, "update reasonkit_runs set resumed = '2026-01-01T00:00:00+00:00', duration_ms = 60000"
    )
    assert "the budget of 90 seconds is used up" in llm("reasonkit", "resume").stderr


def test_no_cent_is_counted_twice(openrouter: Server, log: Path) -> None:
    """The books have what the server billed for the replies that are there, once."""
    think()
    break_off(log, "verdict")
    resume()
    (row,) = json.loads(llm("reasonkit", "costs", "--json").stdout)["items"]
    bills = [openrouter.ledger[chat.generation] for chat in openrouter.chats]
    assert Decimal(row["billed"]) == sum(bills) - bills[3]
    assert (row["runs"], row["calls"], row["unknown_calls"]) == (1, 4, 1)


def test_more_calls_than_before(openrouter: Server, log: Path) -> None:
    """A run that its limit of calls stopped goes on when it is given more, and only then; what is
    told to the user says so."""
    question = ("think", "Is it so?", "--protocol", "weigh", "-m", SMALL)
    ended = llm(*question, "--max-calls", "2")
    assert "given more, `llm reasonkit resume` goes on" in ended.stderr
    asked = len(openrouter.chats)
    assert llm("reasonkit", "resume").exit_code == 3
    assert len(openrouter.chats) == asked
    assert resume("--max-calls", "4")["status"] == "done"
    assert len(openrouter.chats) == 4
    ended = llm(*question, "--max-calls", "2", "-n")
    assert "resume" not in ended.stderr


# What is asked anew


def test_from_a_step_on(openrouter: Server, log: Path, user_folder: Path) -> None:
    """After its protocol was edited, a step and what reads it are asked; the run is a new one that
    only pays for these, and the first one stays as it was."""
    first = think()
    write_protocol(user_folder, PROTOCOL.replace("Look at this: ", "Look hard at this: "))
    openrouter.reply = answering("No.")
    openrouter.requests.clear()
    second = resume("--from", "look")
    assert [chat.body["messages"][-1]["content"][:9] for chat in openrouter.chats] == [
        "Question:"
    ] * 3
    assert "Look hard" in json.dumps([chat.body for chat in openrouter.chats])
    assert (second["answer"], second["parent_run"]) == ("No.", first["run_id"])
    costs = {step["id"]: step["cost"] is not None for step in second["steps"]}
    assert costs == {
        "facts": False,
        "look[1]": True,
        "look[2]": True,
        "verdict": True,
        "links": False,
    }
    bills = [openrouter.ledger[chat.generation] for chat in openrouter.chats]
    assert Decimal(second["cost"]["usd"]) == sum(bills)
    assert second["models"][0]["calls"] == 4
    assert load_run(log, first["run_id"]).answer == YES
    (row,) = json.loads(llm("reasonkit", "costs", "--json").stdout)["items"]
    assert Decimal(row["billed"]) == openrouter.ledger.total
    assert (row["runs"], row["calls"]) == (2, 7)


@pytest.mark.parametrize(
    ("step", "asked"), [("facts", 1), ("look[2]", 2), ("verdict", 1), ("links", 0)]
)
def test_what_comes_out_the_same_is_not_asked_again(
    openrouter: Server, step: str, asked: int
) -> None:
    """Steps that read the one asked again are asked only if it said something else."""
    think()
    openrouter.requests.clear()
    openrouter.reply = answering("No.")
    resume("--from", step)
    assert len(openrouter.chats) == asked


def test_another_model_from_a_step_on(openrouter: Server) -> None:
    """-m is for the step and what depends on it, also where other steps would be put differently
    to that model."""
    think()
    openrouter.requests.clear()
    resume("--from", "verdict", "-m", "openrouter/acme/thinker")
    assert [chat.body["model"] for chat in openrouter.chats] == ["acme/thinker"]


def test_a_role_from_a_step_on(openrouter: Server, user_folder: Path) -> None:
    """--role changes the model of the steps of that role, when they are asked again."""
    write_protocol(user_folder, PROTOCOL.replace("max_tokens: 200", "role: critic"))
    think()
    openrouter.requests.clear()
    done = resume("--from", "look", "--role", "critic=openrouter/acme/thinker")
    assert {chat.body["model"] for chat in openrouter.chats} == {"acme/thinker"}
    assert done["steps"][3]["model"] == SMALL


def test_a_step_that_is_not_there(openrouter: Server) -> None:
    """A misspelt step is told with the nearest one; nothing is asked or recorded."""
    think()
    asked = len(openrouter.chats)
    ended = llm("reasonkit", "resume", "--from", "verdit")
    assert ended.exit_code == 2
    assert "--from verdit: unknown step 'verdit'; did you mean 'verdict'?" in ended.stderr
    assert len(openrouter.chats) == asked
    assert len(json.loads(llm("reasonkit", "runs", "--json").stdout)["items"]) == 1


def test_a_protocol_by_its_path(
    tmp_path: Path, openrouter: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file is found again from another folder."""
    write_protocol(tmp_path, PROTOCOL.replace("weigh", "mine"), "mine")
    monkeypatch.chdir(tmp_path / "reasonkit" / "protocols")
    llm("think", "Is it so?", "--protocol", "mine.yaml", "-m", SMALL)
    monkeypatch.chdir(tmp_path)
    assert resume("--from", "verdict")["status"] == "done"
    assert len(openrouter.chats) == 5


def test_deleting_a_repeated_run_leaves_the_calls_of_the_first(log: Path) -> None:
    """The calls that it took over are not its own to delete."""
    first = think()
    second = resume("--from", "verdict")
    llm("reasonkit", "delete", second["run_id"], "--calls", "--yes")
    with closing(sqlite3.connect(log)) as db:
        turns = {turn for (turn,) in db.execute("select id from turns")}
    assert turns == {step["turn_id"] for step in first["steps"] if step["turn_id"]}


# What cannot go on


def test_a_run_that_is_done(openrouter: Server) -> None:
    """Nothing is missing of it; the way to ask again is named."""
    done = think()
    ended = llm("reasonkit", "resume", done["run_id"])
    assert ended.exit_code == 2
    assert "is done, nothing of it is missing; --from STEP asks again" in ended.stderr


def test_a_run_without_a_trace(log: Path) -> None:
    """One that an older version recorded is refused, with the reason."""
    think()
    write(log, "delete from reasonkit_recipes")
    for command in ("resume", "replay"):
        ended = llm("reasonkit", command)
        assert ended.exit_code == 2
        assert "was recorded without what it takes to repeat it" in ended.stderr


def test_a_run_that_another_process_works_on(openrouter: Server, log: Path) -> None:
    """It is shown as it stands and not taken up, until that process has gone."""
    think()
    break_off(log, "verdict")
    there = Presence(log)
    write(log, f"update reasonkit_runs set process = '{there.name}'")
    shown = json.loads(llm("reasonkit", "show", "--json").stdout)
    assert shown["warnings"][1] == "it is still going on"
    assert statuses(shown)["verdict"] == "running"
    asked = len(openrouter.chats)
    ended = llm("reasonkit", "resume")
    assert ended.exit_code == 2
    assert "is still going on in another process; wait for it or end that" in ended.stderr
    assert len(openrouter.chats) == asked
    there.end()
    assert resume()["status"] == "done"


@pytest.mark.parametrize("command", ["resume", "replay"])
def test_no_run_at_all(command: str) -> None:
    """An empty log says how to begin."""
    ended = llm("reasonkit", command)
    assert ended.exit_code == 2
    assert "no runs recorded yet" in ended.stderr


# What was attached


def test_an_attachment_that_is_gone_or_has_changed(log: Path, tmp_path: Path) -> None:
    """A run does not go on with another picture than it began with."""
    picture = tmp_path / "image.png"
    picture.write_bytes(png())
    think("-a", str(picture))
    break_off(log, "verdict")
    picture.write_bytes(png() + b"more")
    ended = llm("reasonkit", "resume")
    assert ended.exit_code == 2
    assert f"the attachment {picture} has changed since the run began" in ended.stderr
    picture.unlink()
    assert "cannot be read any more: No such file" in llm("reasonkit", "resume").stderr
    picture.write_bytes(png())
    assert resume()["status"] == "done"


def test_an_attachment_from_stdin(openrouter: Server, log: Path) -> None:
    """llm keeps it with the first call that came to a reply; without one it is gone."""
    words = ["think", "Is it so?", "--protocol", "weigh", "-m", SMALL, "-a", "-"]
    assert llm(*words, stdin=png()).exit_code == 0
    before = openrouter.chats[-1].body
    break_off(log, "verdict")
    resume()
    assert openrouter.chats[-1].body == before
    break_off(log, "verdict")
    write(log, "delete from attachments")
    ended = llm("reasonkit", "resume")
    assert ended.exit_code == 2
    assert "what was attached through stdin was not kept" in ended.stderr


# From Python


async def test_resume_async(openrouter: Server, log: Path) -> None:
    """A program goes on with a run by its own model, in its own event loop."""
    orchestrator = ThinkToolOrchestrator(SMALL, log=log)
    question = Question("Is it so?", protocol="weigh", sources=[Source("a.txt", "It is.")])
    first = await orchestrator.think_async(question)
    break_off(log, "verdict")
    again = await orchestrator.resume_async(first.run_id)
    assert (again.run_id, again.answer, again.status) == (first.run_id, YES, "done")
    assert len(openrouter.chats) == 5


async def test_after_an_interruption(openrouter: Server, log: Path) -> None:
    """What was cancelled is asked again; its bill, which was asked for, is in the sum as well."""
    answer = answering(YES)

    def slowly(body: Any) -> Answer:
        return Answer(answer(body), delay=30 if "Decide" in str(body["messages"]) else 0)

    openrouter.reply = slowly
    orchestrator = ThinkToolOrchestrator(SMALL, log=log)
    run = asyncio.create_task(orchestrator.think_async("Is it so?", protocol="weigh"))
    await asyncio.to_thread(until, lambda: len(openrouter.chats) >= 4)
    run.cancel()
    with pytest.raises(asyncio.CancelledError):
        await run
    assert load_run(log, "last").status == "interrupted"
    openrouter.reply = answer
    done = await orchestrator.resume_async()
    assert (done.status, len(openrouter.chats)) == ("done", 5)
    lost = done.cost.unknown_calls
    bills = [openrouter.ledger[chat.generation] for chat in openrouter.chats]
    assert done.cost.usd == sum(bills) - (bills[3] if lost else 0)


def test_a_provider_with_its_settings(openrouter: Server, log: Path) -> None:
    """The settings that a program gave its model hold when the command line goes on."""
    provider = OpenRouterProvider(model="acme/small", temperature=0.7, max_tokens=150)
    ThinkToolOrchestrator(provider, log=log).think("Is it so?", protocol="weigh")
    before = openrouter.chats[-1].body
    break_off(log, "verdict")
    resume()
    assert openrouter.chats[-1].body == before


def test_resume_from_python(log: Path) -> None:
    """Without a log of its own, an orchestrator finds runs in llm's."""
    think()
    break_off(log, "look[1]", "look[2]")
    again = ThinkToolOrchestrator().resume(budget="$1")
    assert (again.status, again.cost.unknown_calls) == ("done", 2)
    with pytest.raises(UsageError, match="is done"):
        ThinkToolOrchestrator().resume()
    assert ThinkToolOrchestrator().resume(from_step="verdict").parent_run == again.run_id
