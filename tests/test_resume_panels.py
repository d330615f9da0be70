"""Going on with a consensus or a comparison that broke off: only what is missing is asked."""

from __future__ import annotations

import asyncio
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from llm_reasonkit import ThinkToolOrchestrator
from llm_reasonkit.api import PanelQuestion
from llm_reasonkit.store.history import load_run
from tests.cli import answering, llm, until, write_protocol
from tests.openrouter_server import Answer, Server, refuse
from tests.test_cli_models import png
from tests.test_replay import lines
from tests.test_replay_panels import ALL, CITY, MEMBERS, MOONS, PROSE, SMALL, SONNET, TWO, reply
from tests.test_resume import break_off, resume, write
from tests.test_resume_kill import without_what_may_differ

WEIGHED = "Yes, because of the facts."


@pytest.fixture
def log(user_folder: Path) -> Path:
    """Where runs are recorded."""
    return user_folder / "logs.db"


@pytest.fixture(autouse=True)
def _said(user_folder: Path, openrouter: Server) -> None:
    write_protocol(user_folder)
    openrouter.reply = reply


def run(*words: str) -> Any:
    """Carry out a command; give the result."""
    return json.loads(llm(*words, "--json").stdout)


def asked(openrouter: Server) -> list[str]:
    """The models that were asked since, in order of their names."""
    return sorted(f"openrouter/{chat.body['model']}" for chat in openrouter.chats)


# What goes on


@pytest.mark.parametrize(
    ("under_way", "models"),
    [
        (["members[1]"], [SMALL, PROSE, SONNET, SMALL]),
        (["members[2]", "members[3]"], [PROSE, SONNET, SMALL]),
        (["same"], [SMALL]),
    ],
)
def test_only_what_is_missing_is_asked(
    openrouter: Server, log: Path, under_way: list[str], models: list[str]
) -> None:
    """The votes that are there are counted, and those that are not are asked for, and the judge;
    the verdict and what it rests on are those of a run that was not broken off."""
    how = ["--answer", "text", "--judge", SMALL]
    first = run("consensus", CITY, *ALL, *how)
    break_off(log, *under_way)
    openrouter.requests.clear()
    again = resume()
    assert asked(openrouter) == sorted(models)
    assert again["cost"] == {**first["cost"], "unknown_calls": len(under_way)}
    assert again["warnings"][0] == f"broken off before, and perhaps billed: {', '.join(under_way)}"
    shown, replayed = llm("reasonkit", "show", "--json"), llm("reasonkit", "replay", "--json")
    assert (replayed.exit_code, lines(replayed.stdout)) == (0, lines(shown.stdout))
    assert json.loads(shown.stdout) == again
    assert without_what_may_differ(again) == without_what_may_differ(first)


def test_requests_are_the_same_as_they_were(openrouter: Server, log: Path, tmp_path: Path) -> None:
    """The system prompt, sources, options and attachments of the first time go along again."""
    source, picture = tmp_path / "plan.md", tmp_path / "image.png"
    source.write_text("The plan is to wait.")
    picture.write_bytes(png())
    given = ["-s", "Be brief.", "-f", str(source), "-a", str(picture), "-o", "temperature", "0.3"]
    run("consensus", MOONS, "-m", SMALL, "-m", SONNET, *given)
    before = {chat.body["model"]: chat.body for chat in openrouter.chats}
    source.unlink()
    break_off(log, "members[2]")
    openrouter.requests.clear()
    llm("reasonkit", "resume")
    (chat,) = openrouter.chats
    assert chat.body == before[chat.body["model"]]
    assert "The plan is to wait." in json.dumps(chat.body)


def test_a_panel_that_has_changed_since(openrouter: Server, log: Path, user_folder: Path) -> None:
    """The run goes on with the members, threshold, judge and budget that it began with."""
    config = user_folder / "reasonkit" / "config.toml"
    config.parent.mkdir(exist_ok=True)
    config.write_text(f'[panels.moons]\nmodels = {json.dumps(MEMBERS)}\nthreshold = "0.6"\n')
    first = run("consensus", MOONS, "--panel", "moons")
    assert (first["status"], first["answer"]) == ("done", "2")
    break_off(log, "members[3]")
    openrouter.requests.clear()
    config.write_text(
        "[providers.openrouter]\nmax_cost_per_request = 0.0000001\n"
        f'[panels.moons]\nmodels = ["{SMALL}"]\nthreshold = "1"\njudge = "{SMALL}"\n'
    )
    again = resume()
    assert asked(openrouter) == [SONNET]
    assert without_what_may_differ(again) == without_what_may_differ(first)


def test_a_new_budget(openrouter: Server, log: Path) -> None:
    """What the first budget did not allow is asked with a larger one, which holds for all parts
    together and for those that follow."""
    stopped = run("consensus", MOONS, *ALL, "--budget", "1000t")
    assert stopped["status"] == "stopped_by_budget"
    had = asked(openrouter)
    openrouter.requests.clear()
    assert llm("reasonkit", "resume", "--budget", "1000t").exit_code == 3
    assert asked(openrouter) == []
    ended = llm("reasonkit", "resume", "--budget", "20000t", "--json")
    assert sorted([*had, *asked(openrouter)]) == sorted(MEMBERS)
    done = json.loads(ended.stdout)
    assert [vote["status"] for vote in done["votes"]] == ["vote"] * 3
    break_off(log, "members[3]")
    write(log, "update reasonkit_steps set most_tokens = 19000 where status = 'running'")
    assert "the budget of 20,000 tokens is used up" in llm("reasonkit", "resume").stderr


def test_a_member_that_failed(openrouter: Server) -> None:
    """It is asked again, and nobody else; with its vote the panel may agree."""
    openrouter.reply = lambda body: (
        refuse(404, "gone") if body["model"].endswith("sonnet-4") else "Final answer: 2"
    )
    assert run("consensus", MOONS, *ALL)["status"] == "no_consensus"
    openrouter.reply = lambda body: "Final answer: 2"
    openrouter.requests.clear()
    done = resume()
    assert (done["status"], done["agreement"]["leading"]) == ("done", 3)
    assert asked(openrouter) == [SONNET]


def test_a_wanted_confidence(openrouter: Server, log: Path) -> None:
    """The least confidence that was asked for holds for the run that goes on."""
    first = llm("consensus", MOONS, *ALL, "--threshold", "0.6", "--min-confidence", "0.99")
    break_off(log, "members[3]")
    ended = llm("reasonkit", "resume")
    assert ended.exit_code == first.exit_code == 4
    assert ended.stderr.splitlines()[-1] == first.stderr.splitlines()[-1]


async def test_after_an_interruption(openrouter: Server, log: Path) -> None:
    """A program goes on with a panel that it cancelled; its own model has no part in it."""
    openrouter.reply = lambda body: Answer(
        reply(body), delay=30 if body["model"].endswith("prose") else 0
    )
    orchestrator = ThinkToolOrchestrator("openrouter/acme/thinker", log=log)
    question = PanelQuestion(MOONS, models=MEMBERS, threshold=Decimal("0.5"))
    task = asyncio.create_task(orchestrator.consensus_async(question))
    await asyncio.to_thread(until, lambda: len(openrouter.chats) >= 3)
    await asyncio.to_thread(
        until, lambda: sum(step.status == "done" for step in load_run(log, "last").steps) == 2
    )
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert load_run(log, "last").status == "interrupted"
    openrouter.reply = reply
    openrouter.requests.clear()
    done = await orchestrator.resume_async()
    assert (done.status, done.answer) == ("done", "2")
    assert asked(openrouter) == [PROSE]


def test_deleted_turns(openrouter: Server, log: Path) -> None:
    """The replies are in the record: what is deleted of llm's is not asked for again."""
    first = run("consensus", MOONS, *ALL)
    break_off(log, "members[3]")
    write(log, "delete from turns", "delete from threads")
    openrouter.requests.clear()
    again = json.loads(llm("reasonkit", "resume", "--json").stdout)
    assert without_what_may_differ(again) == without_what_may_differ(first)
    assert asked(openrouter) == [SONNET]


# Comparisons


def test_a_ranking(openrouter: Server, log: Path) -> None:
    """Judgements that are there are not asked for again, and what is ranked is shown."""
    first = run("compare", MOONS, *TWO, "--rank", SONNET)
    break_off(log, "rank[2]")
    openrouter.requests.clear()
    ended = llm("reasonkit", "resume")
    assert ended.exit_code == 0
    for part in (SMALL, PROSE, "I looked it up."):
        assert part in ended.stdout
    assert asked(openrouter) == [SONNET]
    assert without_what_may_differ(run("reasonkit", "show")) == without_what_may_differ(first)


@pytest.mark.parametrize("begun", [True, False], ids=["cut off", "not begun"])
def test_runs_side_by_side(openrouter: Server, log: Path, user_folder: Path, begun: bool) -> None:
    """Of a comparison of runs those are gone on with that are not done, by the protocol as it was;
    together with the others they are one comparison."""
    openrouter.reply = answering(WEIGHED)
    first = run("compare", "Is it so?", *TWO, "--protocol", "weigh")
    ident = first["members"][1]["run_id"]
    if begun:
        write(
            log,
            f"delete from reasonkit_steps where id in ('verdict', 'links') and run_id = '{ident}'",
            f"update reasonkit_runs set status = null, answer = null where id = '{ident}'",
        )
    else:
        llm("reasonkit", "delete", ident, "--yes")
    write(
        log,
        "delete from reasonkit_members",
        f"update reasonkit_runs set status = null where id = '{first['run_id']}'",
    )
    openrouter.requests.clear()
    write_protocol(user_folder, "not a protocol")
    again = resume()
    assert asked(openrouter) == [PROSE] * (1 if begun else 4)
    for key in ("run_id", "answer"):
        assert [each[key] for each in again["members"]] == [each[key] for each in first["members"]]
    shown, replayed = llm("reasonkit", "show", "--json"), llm("reasonkit", "replay", "--json")
    assert (replayed.exit_code, lines(replayed.stdout)) == (0, lines(shown.stdout))
    assert without_what_may_differ(again) == without_what_may_differ(first)


# What cannot go on


def test_nothing_is_missing(openrouter: Server) -> None:
    """A panel that came to its verdict is over, also where it did not agree."""
    for threshold in ("0.6", "1"):
        run("consensus", MOONS, *ALL, "--threshold", threshold)
        ended = llm("reasonkit", "resume")
        assert ended.exit_code == 2
        assert ended.stderr.endswith("is done, nothing of it is missing\n")


@pytest.mark.parametrize(
    ("how", "said"),
    [
        (["-m", SONNET], "goes on with the models that it has: leave out -m"),
        (["--from", "same"], "leave out --from, --role and --max-calls"),
        (["--role", f"judge={SMALL}"], "leave out --from, --role and --max-calls"),
        (["--max-calls", "9"], "leave out --from, --role and --max-calls"),
    ],
)
def test_other_models_are_another_panel(
    openrouter: Server, log: Path, how: list[str], said: str
) -> None:
    """What would make another panel of it is refused, and nothing is asked."""
    run("consensus", MOONS, *ALL)
    break_off(log, "members[3]")
    openrouter.requests.clear()
    ended = llm("reasonkit", "resume", *how)
    assert ended.exit_code == 2
    assert said in ended.stderr
    assert openrouter.chats == []


@pytest.mark.parametrize("command", ["resume", "replay"])
def test_a_bench_is_not_recorded(tmp_path: Path, openrouter: Server, command: str) -> None:
    """The runs of a bench are in no log, so there is none to go on with or to repeat."""
    file = tmp_path / "questions.jsonl"
    file.write_text(json.dumps({"question": MOONS, "answer": "2"}))
    assert llm("reasonkit", "bench", str(file), *TWO).exit_code == 0
    ended = llm("reasonkit", command)
    assert ended.exit_code == 2
    assert "no runs recorded yet" in ended.stderr
