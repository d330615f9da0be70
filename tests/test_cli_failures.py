"""Bad input to `llm think`, and what else can go wrong: one line, an exit code, no traceback."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import Result as Ended

from llm_reasonkit.store.log import LogTrace
from tests.cli import answering, llm, process, write_protocol
from tests.openrouter_server import Answer, Raw, Server, no_credits
from tests.test_cli_models import SMALL
from tests.test_cli_think import think

ANSWER = "Yes, because of the facts.\n"


@pytest.fixture(autouse=True)
def _weigh(user_folder: Path, openrouter: Server) -> None:
    write_protocol(user_folder)
    (user_folder / "reasonkit" / "config.toml").write_text(
        "[providers.openrouter]\nretry_delay_ms = 1\n"
    )
    openrouter.reply = answering(ANSWER.strip())


def only_error(ended: Ended) -> str:
    """The one line of an error, which is all there is."""
    assert ended.stdout == ""
    lines = [line for line in ended.stderr.splitlines() if line]
    assert len(lines) == 1, ended.stderr
    assert lines[0].startswith("Error: ")
    return lines[0]


# Before any call


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([""], "the question is empty"),
        ([" \n\t"], "the question is empty"),
        (["q", "--protocol", "laserlogik"], "did you mean 'laserlogic'"),
        (["q", "--profile", "quik"], "did you mean 'quick'"),
        (["q", "--protocol", "nope.yaml"], "no protocol file at nope.yaml"),
        (["q", "--profile", "quick", "--protocol", "weigh"], "not both"),
        (["q", "-m", "smol"], "unknown model 'smol' (`llm models` lists them)"),
        (["q", "-m", "gpt-4p"], "did you mean 'gpt-4"),
        (["q", "-m", SMALL, "-o", "temprature", "1"], "did you mean 'temperature'"),
        (["q", "-m", SMALL, "-o", "temperature", "9"], "must be 2 or less"),
        (["q", "-m", SMALL, "-o", "temperature", "warm"], "temperature"),
        (["q", "-f", "nope.md"], "nope.md"),
        (["q", "--provider", "acme"], "needs a model"),
        (["q", "--local", "-m", SMALL], "--local with -m"),
        (["q", "--output", "nowhere/answer.md"], "nowhere"),
    ],
)
def test_mistakes_of_the_user(openrouter: Server, arguments: list[str], says: str) -> None:
    """What is typed wrongly is named in one line, with the nearest name, before any call."""
    ended = llm("think", *arguments)
    assert says in only_error(ended)
    assert (ended.exit_code, openrouter.chats) == (2, [])


def test_nothing_is_asked_of_nobody(openrouter: Server) -> None:
    """Without argument and with an empty stdin there is no question."""
    assert "the question is empty" in only_error(think())
    assert openrouter.requests == []


def test_no_key(openrouter: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without any key the three ways out are named; with -m, the key that is missing."""
    monkeypatch.delenv("OPENROUTER_API_KEY")
    ended = llm("think", "q")
    line = only_error(ended)
    assert ended.exit_code == 2
    assert all(way in line for way in ("llm keys set openrouter", "--local", "-m"))
    named = think("q")
    assert (named.exit_code, openrouter.chats) == (2, [])
    assert "llm keys set openrouter" in only_error(named)


def test_unreadable_file(openrouter: Server, tmp_path: Path) -> None:
    """A file that cannot be read, or is no text, stops the run before it costs anything."""
    binary = tmp_path / "photo.txt"
    binary.write_bytes(b"\xff\xfe\x00\xd8")
    for arguments in (["-f", str(binary)], ["-a", str(binary)], ["-f", str(tmp_path)]):
        ended = think("q", *arguments)
        assert (ended.exit_code, openrouter.chats) == (2, []), arguments
        only_error(ended)
    assert think("q", "-a", str(tmp_path / "nope.png")).exit_code == 2


def test_stdin_that_is_no_text(openrouter: Server) -> None:
    """Binary data on stdin is refused in one line."""
    ended = think("q", stdin=b"\x89PNG\xff\xfe")
    assert "stdin is not UTF-8 text" in only_error(ended)
    assert (ended.exit_code, openrouter.requests) == (2, [])


def test_image_for_a_model_that_takes_none(openrouter: Server, tmp_path: Path) -> None:
    """An attachment that the model cannot take is refused before any call."""
    path = tmp_path / "sound.wav"
    path.write_bytes(b"RIFF\x24\0\0\0WAVEfmt ")
    ended = think("q", "-m", "acme/thinker", "--at", str(path), "audio/wav")
    assert "takes no attachment of type audio/wav" in only_error(ended)
    assert (ended.exit_code, openrouter.chats) == (2, [])


@pytest.mark.parametrize("command", ["think", "prompt"])
def test_unencrypted_base_url_is_refused(
    openrouter: Server, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    """The key is never sent over http:// to another machine."""
    monkeypatch.setenv("OPENROUTER_BASE_URL", "http://openrouter.example/api/v1")
    ended = llm(command, "q", "-m", SMALL)
    assert "would send your key unencrypted" in only_error(ended)


def test_broken_config_file(openrouter: Server, user_folder: Path) -> None:
    """Every mistake of the configuration is told with its line and the nearest key."""
    config = user_folder / "reasonkit" / "config.toml"
    config.write_text('[providers.openrouter]\ndefault_modl = "a/b"\ntemperature = 9\n')
    ended = think("q")
    assert (ended.exit_code, openrouter.requests) == (2, [])
    assert f"{config}:2: unknown key 'default_modl'; did you mean 'default_model'" in ended.stderr
    assert f"{config}:3: " in ended.stderr


# Calls that fail


def test_bad_key(openrouter: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """A rejected key ends with exit code 5 and one line that does not hold it."""
    secret = "sk-or-v1-0123456789abcdef"
    monkeypatch.setenv("OPENROUTER_API_KEY", secret)
    ended = think("q")
    line = only_error(ended)
    assert ended.exit_code == 5
    assert "no answer: " in line
    assert "llm keys set openrouter" in line
    shown = ended.output + think("q", "--json").output + llm("reasonkit", "show").output
    assert "0123456789ab" not in shown


def test_bad_key_is_not_tried_again_and_again(openrouter: Server) -> None:
    """After a hopeless refusal the remaining steps are not asked."""
    openrouter.keys = {"another"}
    assert think("q").exit_code == 5
    assert len(openrouter.chats) == 1


def test_no_credits(openrouter: Server) -> None:
    """Without credits the run ends with exit code 5 and says so."""
    openrouter.reply = lambda _: no_credits()
    ended = think("q")
    assert ended.exit_code == 5
    assert "credits" in only_error(ended)


def test_server_that_is_not_there(openrouter: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a network the run ends with exit code 5 and one line."""
    monkeypatch.setenv("OPENROUTER_BASE_URL", "http://127.0.0.1:9/api/v1")
    ended = think("q")
    assert ended.exit_code == 5
    only_error(ended)


def test_unknown_model_of_openrouter(openrouter: Server) -> None:
    """A misspelt id is answered with the nearest ones of the catalogue, before any call."""
    ended = think("q", "-m", "acme/smal")
    assert (ended.exit_code, openrouter.chats) == (2, [])
    assert "openrouter/acme/small" in only_error(ended)


def test_failed_run_as_json() -> None:
    """--json prints the object with its status, and what it cost, also of a run that failed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OPENROUTER_API_KEY", "sk-or-v1-wrong")
        ended = think("q", "--json")
    found = json.loads(ended.stdout)
    assert (ended.exit_code, found["status"], found["answer"]) == (5, "failed", None)
    assert found["confidence"] == {
        "overall": None,
        "kind": "none",
        "interval": None,
        "basis": "nothing in this run can be counted",
    }
    assert found["cost"]["usd"] == "0"


def test_error_before_a_run_leaves_stdout_empty() -> None:
    """--json prints nothing where no run has begun."""
    assert think("", "--json").stdout == ""


# Replies that are no good


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        ("I would rather write prose.", "JSON"),
        ('{"facts": [{"text": "one"}, {"te', "facts"),
        ('{"facts": 7}', "array"),
        ("[" * 1000, "JSON"),
        ("", "empty"),
    ],
    ids=["prose", "truncated", "wrong", "deep", "nothing"],
)
def test_reply_that_cannot_be_read(openrouter: Server, reply: str, why: str) -> None:
    """The step is failed, visibly, and the run ends with one line that says why."""
    openrouter.reply = lambda _: Answer(reply)
    ended = think("q", "-o", "max_tokens", "2000")
    assert ended.exit_code == 5
    assert why in only_error(ended)
    shown = json.loads(llm("reasonkit", "show", "--json").stdout)
    assert shown["status"] == "failed"
    assert {step["status"] for step in shown["steps"] if step["name"] == "facts"} == {"failed"}


def test_reply_of_ten_megabytes(openrouter: Server) -> None:
    """A model that ignores the bound on its reply is stopped, and not asked again."""
    choice = {"index": 0, "delta": {"content": "x" * 100_000}}
    chunk = json.dumps({"id": "gen-1", "model": "acme/small", "choices": [choice]})
    openrouter.script(Raw([f"data: {chunk}\n\n".encode()] * 100))
    ended = think("q")
    assert ended.exit_code == 5
    assert "ran on past 8000 characters" in only_error(ended)
    assert len(openrouter.chats) == 1


def test_null_bytes_and_escapes_stay_exact_in_a_pipe_and_log(openrouter: Server) -> None:
    """A pipe gets what the model wrote; log and JSON keep it."""
    odd = "red \x1b[31m bell \x07 null \x00 end \u202e"
    openrouter.reply = answering(odd)
    found = json.loads(think("q", "--json").stdout)
    assert found["answer"] == odd
    assert json.loads(llm("reasonkit", "show", "--json").stdout)["answer"] == odd
    assert think("q").stdout == odd + "\n"


def test_escapes_in_an_error_are_not_passed_on(openrouter: Server) -> None:
    """What a server says in an error reaches the terminal without its control characters."""
    openrouter.reply = lambda _: Answer(
        None, cut="error", error={"code": 500, "message": "boom \x1b]0;owned\x07 \x1b[2J"}
    )
    ended = think("q")
    assert ended.exit_code == 5
    assert "boom" in only_error(ended)
    assert "\x1b" not in ended.output


def test_urls_in_replies_are_never_fetched(openrouter: Server) -> None:
    """A URL of this very server in a model's text leads to no request."""
    url = openrouter.base_url.replace("/api/v1", "/secret")
    openrouter.reply = answering(f"See ![it]({url}) and {url}.")
    assert think("q").exit_code == 0
    assert {request.path for request in openrouter.requests} == {
        "/api/v1/models",
        "/api/v1/chat/completions",
    }


# The log


def test_locked_log(openrouter: Server, user_folder: Path) -> None:
    """With logs.db locked by another program the answer is printed, with a warning."""
    path = user_folder / "logs.db"
    llm("-m", SMALL, "hi")
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("begin exclusive")
        with pytest.MonkeyPatch.context() as patch:
            # A user waits longer than a test should.
            patch.setitem(LogTrace.__init__.__kwdefaults__, "timeout", 0.1)
            ended = think("q")
    assert (ended.exit_code, ended.stdout) == (0, ANSWER)
    assert "is locked by another program" in ended.stderr


def test_broken_log(user_folder: Path) -> None:
    """A logs.db that is no database costs the record, not the answer, and is left as it is."""
    path = user_folder / "logs.db"
    path.write_bytes(b"not a database" * 1000)
    ended = think("q")
    assert (ended.exit_code, ended.stdout) == (0, ANSWER)
    assert ended.stderr.startswith("warning: this run is not in the log")
    assert path.read_bytes() == b"not a database" * 1000
    shown = llm("reasonkit", "runs")
    assert "Error: " in shown.stderr
    assert "Traceback" not in shown.output


def test_warning_is_in_the_json(user_folder: Path) -> None:
    """What is not in the log has no trace id, and the result says why."""
    (user_folder / "logs.db").write_bytes(b"not a database" * 1000)
    found = json.loads(think("q", "--json").stdout)
    assert found["trace_id"] is None
    assert "not in the log" in found["warnings"][0]


def test_folder_that_cannot_be_written_to(user_folder: Path) -> None:
    """Where nothing can be kept, not even by root, the answer is printed, with one warning."""
    path = user_folder / "reasonkit" / "protocols" / "weigh.yaml"
    ended = process(
        "think", "q", "--protocol", str(path), "-m", SMALL, env={"LLM_USER_PATH": "/proc"}
    )
    assert (ended.returncode, ended.stdout) == (0, ANSWER)
    assert ended.stderr.startswith("warning: this run is not in the log")
    assert ended.stderr.count("\n") == 1


def test_folder_in_the_place_of_the_log(user_folder: Path) -> None:
    """A folder called logs.db costs the record only."""
    (user_folder / "logs.db").mkdir()
    ended = think("q")
    assert (ended.exit_code, ended.stdout) == (0, ANSWER)
    assert "is a folder" in ended.stderr


def test_full_disk(user_folder: Path, tmp_path: Path) -> None:
    """A log that cannot grow costs the record only."""
    path = user_folder / "logs.db"
    llm("-m", SMALL, "hi")
    think("first")
    runs = json.loads(llm("reasonkit", "runs", "--json").stdout)["items"]
    size = path.stat().st_size
    ended = process(
        *("think", "q" * 20_000, "--protocol", "weigh", "-m", SMALL),
        first=f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({size}, {size}))",
    )
    assert (ended.returncode, ended.stdout) == (0, ANSWER)
    assert "warning: this run is not in the log" in ended.stderr
    assert json.loads(llm("reasonkit", "runs", "--json").stdout)["items"][-1] == runs[0]
