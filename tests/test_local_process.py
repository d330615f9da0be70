"""The real llm command on the real tiny model: how it ends when it is cut short."""

from __future__ import annotations

import json
import signal
import subprocess

import pytest

STORY = ("-o", "max_tokens", "8000", "-o", "temperature", "0.8", "Tell a very long story.")


@pytest.fixture
def start_llm(tiny_installed, start_python):
    """Start `llm -m` on the tiny model."""

    def start(*arguments: str) -> subprocess.Popen[str]:
        model = ("-m", "local/smollm2-135m-instruct")
        return start_python("-m", "llm", "prompt", *model, *arguments)

    return start


def test_llm_answers_and_logs_without_a_word_of_llama_cpp(start_llm, start_python):
    """`llm -m local/…` prints the reply and nothing else, and its log says what it cost."""
    process = start_llm("-o", "max_tokens", "8", "hi")
    reply, complaints = process.communicate()
    assert process.returncode == 0
    assert reply.strip()
    assert complaints == ""
    logged, _ = start_python("-m", "llm", "logs", "--json").communicate()
    (turn,) = json.loads(logged)
    assert turn["response"].strip() == reply.strip()
    assert json.loads(turn["token_details"]) == {"cost": 0.0}
    assert turn["resolved_model"] == "smollm2-135m-instruct.gguf"


@pytest.mark.parametrize("mode", [(), ("--async",)])
def test_ctrl_c_in_a_reply_ends_at_once_and_cleanly(start_llm, mode):
    """An interrupt during generation ends llm with its own code, not with an abort."""
    process = start_llm(*mode, *STORY)
    process.stdout.read(20)
    process.send_signal(signal.SIGINT)
    _, complaints = process.communicate(timeout=30)
    assert process.returncode == 1
    assert complaints.strip() == "Aborted!"


def test_ctrl_c_while_a_long_prompt_is_read_ends_cleanly(start_python, tiny_installed):
    """An interrupt before the first token does not wait for the prompt to be read."""
    process = start_python(
        "-c",
        "import llm\n"
        "model = llm.get_model('local/smollm2-135m-instruct')\n"
        "model.prompt('hi', max_tokens=1).text()\n"
        "print('loaded', flush=True)\n"
        "print(model.prompt('the dog ate the shoe ' * 1500).text())\n",
    )
    process.stdout.readline()
    process.send_signal(signal.SIGINT)
    rest, complaints = process.communicate(timeout=30)
    assert rest == ""
    assert complaints.strip().endswith("KeyboardInterrupt")
    assert process.returncode in (-signal.SIGINT, 130)


def test_closed_pipe_ends_cleanly(start_llm):
    """`llm … | head` ends llm with its own code and one line, not with an abort."""
    process = start_llm(*STORY)
    process.stdout.read(100)
    process.stdout.close()
    complaints = process.stderr.read()
    assert process.wait(timeout=30) == 1
    assert complaints.strip() == "Error: [Errno 32] Broken pipe"
