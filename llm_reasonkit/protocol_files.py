"""Find and read protocol and profile files: the shipped ones, the user's own, one given by path.

Every mistake of a file is reported at once, each with its line.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import TypeAdapter, ValidationError

from llm_reasonkit.errors import Problem, ProtocolError, UsageError
from llm_reasonkit.reasoning.plan import Plan, mistakes_in_profile, plan_profile, plan_protocol
from llm_reasonkit.reasoning.protocol import (
    Entry,
    Location,
    Profile,
    Protocol,
    Stage,
    Step,
    find_mistakes,
    nearest,
)

PROFILES = "profiles"
_LARGEST_FILE = 1_000_000  # bytes
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class ProtocolFile:
    """A protocol file that was found: `origin` is `shipped`, `yours` or `path`."""

    name: str
    path: Path
    origin: str


@dataclass(slots=True)
class Library:
    """The protocols and profiles a user has. In `folder`, the user's own come before shipped
    ones of the same name; nothing is ever read from the current directory unless named."""

    folder: Path
    _read: dict[str, Protocol] = field(default_factory=dict)

    def files(self) -> list[ProtocolFile]:
        """List the protocol files by name."""
        found: dict[str, ProtocolFile] = {}
        for folder, origin in ((shipped_folder(), "shipped"), (self.folder, "yours")):
            for path in sorted(folder.glob("*.yaml")):
                if path.stem != PROFILES:
                    found[path.stem] = ProtocolFile(path.stem, path, origin)
        return [found[name] for name in sorted(found)]

    def find(self, name: str) -> ProtocolFile:
        """Find a protocol by name, or by path where the name ends in .yaml or holds a slash.

        Raises UsageError with the nearest names.
        """
        if name.endswith((".yaml", ".yml")) or "/" in name:
            path = Path(name).expanduser()
            if not path.is_file():
                raise UsageError(f"no protocol file at {name}")
            return ProtocolFile(path.stem, path, "path")
        files = {file.name: file for file in self.files()}
        if name not in files:
            raise UsageError(
                f"unknown protocol {name!r}{nearest(name, files)} "
                "(`llm reasonkit protocols` lists them)"
            )
        return files[name]

    def protocol(self, name: str) -> Protocol:
        """Read a protocol. Raises UsageError, or ProtocolError with all its mistakes."""
        if name not in self._read:
            file = self.find(name)
            self._read[name] = read_protocol(file.path)
        return self._read[name]

    def profiles(self) -> dict[str, Profile]:
        """Read all profiles, the user's over the shipped. Raises ProtocolError."""
        profiles = read_profiles(shipped_folder() / f"{PROFILES}.yaml", self)
        own = self.folder / f"{PROFILES}.yaml"
        return profiles | read_profiles(own, self) if own.exists() else profiles

    def plan_of_protocol(self, name: str) -> Plan:
        """Plan a run of one protocol. Raises UsageError."""
        return plan_protocol(self.protocol(name))

    def plan_of_profile(self, name: str) -> Plan:
        """Plan a run of a profile. Raises UsageError with the nearest names."""
        profiles = self.profiles()
        if name not in profiles:
            raise UsageError(f"unknown profile {name!r}{nearest(name, profiles)}")
        return plan_profile(name, profiles[name], _Protocols(self))


class _Protocols(Mapping[str, Protocol]):
    """The protocols of a library as a mapping that reads each file when it is asked for."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._names = [file.name for file in library.files()]

    def __getitem__(self, name: str) -> Protocol:
        if name not in self._names:
            raise KeyError(name)
        return self._library.protocol(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


def shipped_folder() -> Path:
    """Return the folder of the shipped protocols."""
    package = Path(__file__).parent
    installed = package / "protocols"
    # In a checkout the folder stands beside the package; the wheel carries it inside.
    return installed if installed.is_dir() else package.parent / "protocols"


def read_protocol(path: Path) -> Protocol:
    """Read one protocol file. Raises ProtocolError."""
    document = _Document(path)
    protocol = document.validate(TypeAdapter(Protocol), _keys_of_protocol)
    mistakes = find_mistakes(protocol)
    if protocol.protocol != path.stem:
        text = (
            f"the protocol is called {protocol.protocol!r}, its file {path.stem!r}: make them one"
        )
        mistakes.insert(0, (("protocol",), text))
    document.refuse(mistakes)
    return protocol


def read_profiles(path: Path, library: Library) -> dict[str, Profile]:
    """Read a file of profiles. Raises ProtocolError."""
    document = _Document(path)
    profiles = document.validate(TypeAdapter(dict[str, Profile]), _keys_of_profiles)
    protocols = _Protocols(library)
    document.refuse(
        [
            ((name, *where), text)
            for name, profile in profiles.items()
            for where, text in mistakes_in_profile(profile, protocols)
        ]
    )
    return profiles


def _keys_of_protocol(where: Location) -> type[Entry]:
    return Step if where and where[0] == "steps" else Protocol


def _keys_of_profiles(where: Location) -> type[Entry]:
    return Stage if len(where) > 2 else Profile


class _Document:
    """A YAML file with the line of each of its parts. Raises ProtocolError if it is no YAML."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            text = path.read_bytes()
            if len(text) > _LARGEST_FILE:
                raise ProtocolError(str(path), [Problem("too large for a protocol file")])
            self._root = yaml.compose(text, Loader=_Loader)
            self.data = _with_concise_schemas(yaml.load(text, Loader=_Loader))  # noqa: S506 (safe)
        except OSError as error:
            raise ProtocolError(
                str(path), [Problem(f"cannot be read: {error.strerror}")]
            ) from error
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            line = mark.line + 1 if mark else None
            text_of_error = getattr(error, "problem", None) or "not a YAML file"
            raise ProtocolError(str(path), [Problem(str(text_of_error), line)]) from error
        except (UnicodeDecodeError, RecursionError) as error:
            raise ProtocolError(str(path), [Problem("not a text file")]) from error
        self.refuse([(where, "this key is given twice") for where in _repeated(self._root)])

    def validate(self, shape: TypeAdapter[_T], owner: Callable[[Location], type[Entry]]) -> _T:
        """Turn the data into `shape`. Raises ProtocolError with every mistake."""
        try:
            found = shape.validate_python(self.data)
        except ValidationError as error:
            mistakes = []
            for row in error.errors(include_url=False):
                where = row["loc"]
                if row["type"] == "extra_forbidden":
                    known = [item.alias or key for key, item in owner(where).model_fields.items()]
                    name = str(where[-1])
                    mistakes.append((where, f"unknown key {name!r}{nearest(name, known)}"))
                else:
                    place = ".".join(str(part) for part in where) or "the file"
                    mistakes.append((where, f"{place}: {row['msg']}"))
            self.refuse(mistakes)
            raise
        return found

    def refuse(self, mistakes: list[tuple[Location, str]]) -> None:
        """Raise ProtocolError if there are mistakes."""
        if mistakes:
            problems = [Problem(text, self._line(where)) for where, text in mistakes]
            problems.sort(key=lambda problem: problem.line or 0)
            raise ProtocolError(str(self._path), problems)

    def _line(self, where: Location) -> int | None:
        node, line = self._root, None
        for part in where:
            if isinstance(node, yaml.MappingNode):
                pairs = [pair for pair in node.value if pair[0].value == str(part)]
                if not pairs:
                    break
                line, node = pairs[-1][0].start_mark.line + 1, pairs[-1][1]
            elif isinstance(node, yaml.SequenceNode) and isinstance(part, int):
                if part >= len(node.value):
                    break
                node = node.value[part]
                line = node.start_mark.line + 1
            else:
                break
        return line if line is not None else 1


def _repeated(node: yaml.Node | None, where: Location = ()) -> Iterator[Location]:
    if isinstance(node, yaml.MappingNode):
        seen = set()
        for key, value in node.value:
            place = (*where, str(key.value))
            if key.value in seen:
                yield place
            seen.add(key.value)
            yield from _repeated(value, place)
    elif isinstance(node, yaml.SequenceNode):
        for number, value in enumerate(node.value):
            yield from _repeated(value, (*where, number))


def _with_concise_schemas(data: Any) -> Any:  # noqa: ANN401 (a YAML value)
    """Let `output` be llm's own concise schema syntax, a string such as `name, age int`."""
    steps = data.get("steps") if isinstance(data, dict) else None
    for step in steps.values() if isinstance(steps, dict) else ():
        if isinstance(step, dict) and isinstance(step.get("output"), str):
            import llm

            step["output"] = llm.schema_dsl(step["output"])
    return data
