"""Runs as documents: `llm think --format`, and `llm reasonkit export` of earlier ones."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest
from click.testing import Result as Ended
from selectolax.lexbor import LexborHTMLParser

from tests.cli import answering, llm, process, write_protocol
from tests.openrouter_server import Server
from tests.test_cli_models import SMALL

ANSWER = "Yes, *because* of the facts."


def think(*arguments: str, stdin: str = "") -> Ended:
    """Think with the small protocol on the small model."""
    return llm("think", "Is it so?", "--protocol", "weigh", "-m", SMALL, *arguments, stdin=stdin)


def export(*arguments: str) -> Ended:
    """Export a run."""
    return llm("reasonkit", "export", *arguments)


@pytest.fixture(autouse=True)
def _weigh(user_folder: Path, openrouter: Server) -> None:
    write_protocol(user_folder)
    openrouter.reply = answering(ANSWER)


def test_html_in_a_file(tmp_path: Path) -> None:
    """--format html --output writes one file with the whole run; stdout stays empty."""
    path = tmp_path / "run.html"
    ended = think("--format", "html", "--output", str(path))
    assert (ended.exit_code, ended.stdout) == (0, "")
    page = LexborHTMLParser(path.read_text("utf-8"))
    assert page.css_first("h1").text() == "Is it so?"
    assert page.css_first(".answer em").text() == "because"
    labels = [node.text() for node in page.css(".steps .label")]
    assert [label.rpartition(".")[2] for label in labels] == [
        *("facts", "look[1]", "look[2]", "verdict", "links")
    ]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_markdown_on_stdout() -> None:
    """Without a file the document is printed, and nothing else."""
    ended = think("--format", "markdown")
    assert (ended.exit_code, ended.stderr) == (0, "")
    assert ended.stdout.startswith(f"# Is it so?\n\n## Answer\n\n{ANSWER}\n\n## Facts\n")


def test_format_json_is_the_option_json() -> None:
    """--format json prints the object that --json prints; with --dry-run, the estimate."""
    assert json.loads(think("--format", "json").stdout)["answer"] == ANSWER
    estimates = [think("--dry-run", *given).stdout for given in (["--json"], ["--format", "json"])]
    assert estimates[0] == estimates[1]


def test_two_forms_at_once(openrouter: Server) -> None:
    """--json with another format is refused before anything is asked."""
    ended = think("--json", "--format", "html")
    assert (ended.exit_code, openrouter.requests) == (2, [])
    assert "--json and --format html contradict each other" in ended.stderr
    assert think("--json", "--format", "json").exit_code == 0


@pytest.mark.parametrize("form", ["markdown", "json", "html"])
def test_export_is_what_think_wrote(form: str, tmp_path: Path) -> None:
    """A run exported from the log is the document that was written when it ended, sources too."""
    source = tmp_path / "facts.md"
    source.write_text("The facts are plain.")
    written = think("--format", form, "-f", str(source)).stdout
    assert export("--format", form).stdout == written
    run = json.loads(llm("reasonkit", "show", "--json").stdout)["run_id"]
    for name in ("last", run, run[:24], run[-6:]):
        assert export(name, "--format", form).stdout == written


def test_export_is_markdown_unless_said(tmp_path: Path) -> None:
    """Without --format a run is exported as Markdown; --output writes a file, --force another."""
    think()
    path = tmp_path / "run.md"
    assert export("--output", str(path)).stdout == ""
    assert path.read_text("utf-8") == export().stdout
    assert export().stdout.startswith("# Is it so?")
    again = export("--output", str(path))
    assert (again.exit_code, "--force" in again.stderr) == (2, True)
    assert export("--output", str(path), "--force").exit_code == 0


def test_quotes_are_shown_in_the_sources(openrouter: Server, tmp_path: Path) -> None:
    """What a check found in a source is marked there, right after the run and from the log."""
    source = tmp_path / "plan.md"
    source.write_text("First this. We rewrite everything in a week. Then that.")
    protocol = """\
protocol: weigh
title: Weigh
summary: Where the words of a finding stand.
steps:
  look:
    for_each: [logic]
    max_tokens: 300
    prompt: Find something wrong, as far as {{ item }} goes.
    output:
      findings: [{id: auto, span: str, absent: [str], problem: str, severity: str}, 1, 3]
  found:
    check: findings
    with: {critics: look, question: question, sources: sources}
  verdict:
    max_tokens: 100
    prompt: "Given {{ found.findings }}, decide."
answer: verdict
"""
    write_protocol(tmp_path / "llm", protocol)
    finding = {"span": "rewrite everything", "absent": [], "problem": "Bold.", "severity": "fatal"}
    openrouter.reply = lambda body: (
        json.dumps({"findings": [finding]}) if body.get("response_format") else ANSWER
    )
    for ended in (think("--format", "html", "-f", str(source)), export("--format", "html")):
        page = LexborHTMLParser(ended.stdout)
        assert [node.text() for node in page.css("div.source mark")] == ["rewrite everything"]
        assert "Then that." in page.css_first("div.source").text()


def test_export_of_no_run() -> None:
    """A run that is not there is a usage error, and no file is made."""
    think()
    ended = export("zzzzzz", "--output", "run.md")
    assert (ended.exit_code, "no run 'zzzzzz'" in ended.stderr) == (2, True)
    assert not Path("run.md").exists()


@pytest.mark.parametrize("command", [think, export])
def test_file_that_is_no_file(command: object, tmp_path: Path, openrouter: Server) -> None:
    """A device or pipe is not replaced by a file; a missing folder is named; nothing is asked."""
    assert callable(command)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for path, words in ((pipe, "no ordinary file"), (tmp_path / "no" / "run.md", "no folder")):
        ended = command("--output", str(path), "--force")
        assert (ended.exit_code, openrouter.requests) == (2, [])
        assert words in ended.stderr
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_link_stays_a_link(tmp_path: Path) -> None:
    """Through a symbolic link the file it leads to is written."""
    real, link = tmp_path / "real.md", tmp_path / "link.md"
    link.symlink_to(real)
    assert think("--output", str(link)).exit_code == 0
    assert link.is_symlink()
    assert real.read_text("utf-8") == f"{ANSWER}\n"


def test_answer_survives_a_file_that_cannot_be_written_at_the_end(
    tmp_path: Path, openrouter: Server
) -> None:
    """Where the folder vanishes during the run the document is printed, and the error says so."""
    folder = tmp_path / "out"
    folder.mkdir()

    def reply(body: object) -> str:
        folder.exists() and folder.rmdir()
        return answering(ANSWER)(body)

    openrouter.reply = reply
    ended = think("--format", "markdown", "--output", str(folder / "run.md"))
    assert ended.exit_code == 2
    assert ended.stdout.startswith("# Is it so?")
    assert ANSWER in ended.stdout
    assert "run.md cannot be written" in ended.stderr
    assert "printed instead" in ended.stderr


def test_plain_runs_load_no_renderer_of_documents() -> None:
    """Whoever wants the answer only does not wait for the libraries that make documents."""
    first = (
        "import atexit, sys; "
        "atexit.register(lambda: print('loaded', *sys.modules, file=sys.stderr))"
    )
    ended = process("think", "Is it so?", "--protocol", "weigh", "-m", SMALL, first=first)
    loaded = set(ended.stderr.partition("loaded ")[2].split())
    assert ended.returncode == 0
    assert "llm_reasonkit.cli.think" in loaded
    assert not loaded & {"nh3", "mdformat", "llm_reasonkit.render.html"}


def test_streams_only_the_plain_answer() -> None:
    """With a format the answer is not written before the document."""
    for form in ("markdown", "html", "json"):
        assert not think("--format", form).stdout.startswith("Yes")
    assert think().stdout == f"{ANSWER}\n"
