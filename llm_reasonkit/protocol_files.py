"""Find and read protocol and profile files: the shipped ones, the user's own, one given by path.

Every mistake of a file is reported at once, each with its line.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from itertools import accumulate
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import TypeAdapter, ValidationError

from llm_reasonkit.errors import Problem, ProtocolError, UsageError
from llm_reasonkit.reasoning.lint import find_mistakes
from llm_reasonkit.reasoning.mistakes import expected
from llm_reasonkit.reasoning.names import nearest, unknown
from llm_reasonkit.reasoning.plan import Plan, mistakes_in_profile, plan_profile, plan_protocol
from llm_reasonkit.reasoning.protocol import (
    Entry,
    Location,
    Profile,
    Protocol,
    RunLimits,
    Stage,
    Step,
)

PROFILES = "profiles"
_LARGEST_FILE = 1_000_000  # bytes
_DEEPEST = 100
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_T = TypeVar("_T")
Mistake = tuple[Location, str]

_KINDS = {
    "string_type": "text (in quotes, if YAML takes it for something else)",
    "dict_type": "a block of `key: value` lines",
    "model_type": "a block of `key: value` lines",
    "too_short": "longer: it is empty",
}
# What YAML's own words usually mean.
_HINTS = {
    "unhashable key": "a text that begins with {{ needs quotes, or a block after `|`",
    "mapping values are not allowed": "a text with `: ` in it needs quotes",
    "cannot start any token": "indent by spaces, not tabs; quote a text that begins with a sign",
    "did not find expected": "check the indentation and the quotes above",
    "unexpected end of stream": "a quote or bracket is not closed",
}


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

    def profiles(self, wanted: str | None = None) -> dict[str, Profile]:
        """Read all profiles, the user's over the shipped. Raises ProtocolError.

        wanted: look into the protocols of this one only; without it, of all.
        """
        profiles = read_profiles(shipped_folder() / f"{PROFILES}.yaml", self, wanted)
        own = self.folder / f"{PROFILES}.yaml"
        return profiles | read_profiles(own, self, wanted) if own.exists() else profiles

    def file_of_profile(self, name: str) -> ProtocolFile | None:
        """Find the file that a profile stands in. Raises ProtocolError."""
        for folder, origin in ((self.folder, "yours"), (shipped_folder(), "shipped")):
            path = folder / f"{PROFILES}.yaml"
            if path.exists() and name in read_profiles(path, self, name):
                return ProtocolFile(PROFILES, path, origin)
        return None

    def plan_of_protocol(self, name: str) -> Plan:
        """Plan a run of one protocol. Raises UsageError."""
        return plan_protocol(self.protocol(name))

    def plan_of_profile(self, name: str) -> Plan:
        """Plan a run of a profile. Raises UsageError with the nearest names."""
        profiles = self.profiles(name)
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

    def look(protocol: Protocol) -> list[Mistake]:
        mistakes = find_mistakes(protocol)
        if protocol.protocol != path.stem:
            name, file = protocol.protocol, path.stem
            text = f"the protocol is called {name!r}, its file {file!r}: make them one"
            mistakes.append((("protocol",), text))
        return mistakes

    return _Document(path).validate(TypeAdapter(Protocol), _keys_of_protocol, look)


def read_profiles(path: Path, library: Library, wanted: str | None = None) -> dict[str, Profile]:
    """Read a file of profiles; see `Library.profiles`. Raises ProtocolError."""
    protocols = _Protocols(library)

    def look(profiles: dict[str, Profile]) -> list[Mistake]:
        return [
            ((name, *where), text)
            for name, profile in profiles.items()
            if wanted in (None, name)
            for where, text in mistakes_in_profile(profile, protocols)
        ]

    return _Document(path).validate(TypeAdapter(dict[str, Profile]), _keys_of_profiles, look)


def _keys_of_protocol(where: Location) -> type[Entry]:
    return Step if where and where[0] == "steps" else Protocol


def _keys_of_profiles(where: Location) -> type[Entry]:
    if len(where) <= 2:
        return Profile
    return RunLimits if where[1] == "limits" else Stage


class _Document:
    """A YAML file with the line of each of its parts. Raises ProtocolError if it is no YAML."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            text = path.read_bytes()
            if len(text) > _LARGEST_FILE:
                raise ProtocolError(str(path), [Problem("too large for a protocol file")])
            if _is_too_deep(text):
                raise ProtocolError(str(path), [Problem("nested too deeply")])
            self._root = yaml.compose(text, Loader=_Loader)
            self.data = yaml.load(text, Loader=_Loader)  # noqa: S506 (safe)
        except OSError as error:
            raise ProtocolError(
                str(path), [Problem(f"cannot be read: {error.strerror}")]
            ) from error
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            line = mark.line + 1 if mark else None
            text_of_error = _with_hint(str(getattr(error, "problem", None) or "not a YAML file"))
            raise ProtocolError(str(path), [Problem(text_of_error, line)]) from error
        # YAML turns what looks like a date or a number into one, and may fail.
        except ValueError as error:
            raise ProtocolError(str(path), [Problem(f"cannot be read: {error}")]) from error
        self.refuse([(where, "this key is given twice") for where in _repeated(self._root, set())])
        self._expand_concise_schemas()

    def validate(
        self,
        shape: TypeAdapter[_T],
        owner: Callable[[Location], type[Entry]],
        look: Callable[[_T], list[Mistake]],
    ) -> _T:
        """Turn the data into `shape`. Raises ProtocolError with every mistake.

        owner: tells which entry a place belongs to. look: finds what is wrong with the whole.
        """
        mistakes: list[Mistake] = []
        strange: list[Location] = []
        try:
            found = shape.validate_python(self.data)
        except ValidationError as error:
            mistakes = self._mistakes_of(error, owner)
            rows = error.errors(include_url=False)
            strange = [row["loc"] for row in rows if row["type"] == "extra_forbidden"]
            try:
                found = shape.validate_python(_without(self.data, strange))
            except ValidationError:
                raise self._error(mistakes) from error
        # What is wrong in a block with a misspelt key may be wrong for that alone.
        blocks = [where[:-1] for where in strange]
        mistakes += [
            (where, text)
            for where, text in look(found)
            if not any(where[: len(block)] == block for block in blocks)
        ]
        self.refuse(mistakes)
        return found

    def _mistakes_of(
        self, error: ValidationError, owner: Callable[[Location], type[Entry]]
    ) -> list[Mistake]:
        mistakes: list[Mistake] = []
        wrong: dict[Location, list[str]] = {}
        for row in error.errors(include_url=False):
            where = row["loc"]
            if row["type"] == "extra_forbidden":
                known = [item.alias or key for key, item in owner(where).model_fields.items()]
                mistakes.append((where, unknown("key", str(where[-1]), known)))
            elif row["type"] == "missing":
                mistakes.append((where, f"`{_dotted(where)}` is missing"))
            else:
                wrong.setdefault(self._without_tags(where), []).append(
                    _KINDS.get(row["type"]) or expected(row)
                )
        for where, kinds in wrong.items():
            mistakes.append((where, f"{_dotted(where)} must be {' or '.join(kinds)}"))
        return mistakes

    def _without_tags(self, where: Location) -> Location:
        """Cut off what pydantic adds to a place to tell the kinds of a union apart."""
        node: Any = self.data
        for length, part in enumerate(where):
            known = range(len(node)) if isinstance(node, list) else node
            if not isinstance(known, dict | range) or part not in known:
                return where[:length]
            node = node[part]
        return where

    def _expand_concise_schemas(self) -> None:
        """Let `output` be llm's own concise schema syntax, a string such as `name, age int`."""
        steps = self.data.get("steps") if isinstance(self.data, dict) else None
        for name, step in steps.items() if isinstance(steps, dict) else ():
            if isinstance(step, dict) and isinstance(step.get("output"), str):
                import llm

                try:
                    step["output"] = llm.schema_dsl(step["output"])
                except ValueError as error:
                    self.refuse([(("steps", name, "output"), str(error))])

    def refuse(self, mistakes: list[Mistake]) -> None:
        """Raise ProtocolError if there are mistakes."""
        if mistakes:
            raise self._error(mistakes)

    def _error(self, mistakes: list[Mistake]) -> ProtocolError:
        problems = [Problem(text, self._line(where)) for where, text in mistakes]
        problems.sort(key=lambda problem: problem.line or 0)
        return ProtocolError(str(self._path), problems)

    def _line(self, where: Location) -> int | None:
        node, line = self._root, None
        for part in where:
            if isinstance(node, yaml.MappingNode):
                pairs = [pair for pair in node.value if pair[0].value == str(part)]
                if not pairs:
                    break
                line, node = pairs[-1][0].start_mark.line + 1, pairs[-1][1]
            elif isinstance(node, yaml.SequenceNode) and isinstance(part, int):
                node = node.value[part]
                line = node.start_mark.line + 1
            else:
                break
        return line if line is not None else 1


def _without(data: Any, places: Sequence[Location]) -> Any:  # noqa: ANN401 (what YAML gives)
    """Return the data without the keys at these places."""
    data = deepcopy(data)
    for *above, key in places:
        block = data
        for part in above:
            block = block[part]
        # An alias leads to the same block twice.
        block.pop(key, None)
    return data


def _dotted(where: Location) -> str:
    return ".".join(str(part) for part in where) or "the file"


def _with_hint(problem: str) -> str:
    hints = (hint for sign, hint in _HINTS.items() if sign in problem)
    return next((f"{problem}: {hint}" for hint in hints), problem)


def _is_too_deep(text: bytes) -> bool:
    """Tell whether a file is nested too deeply: libyaml would follow it off its stack."""
    steps = (
        isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        for event in yaml.parse(text, Loader=_Loader)
    )
    return any(depth > _DEEPEST for depth in accumulate(steps))


def _repeated(
    node: yaml.Node | None, visited: set[int], where: Location = ()
) -> Iterator[Location]:
    # An alias leads to the same node again, perhaps from inside itself.
    if node is None or id(node) in visited:
        return
    visited.add(id(node))
    if isinstance(node, yaml.MappingNode):
        seen = set()
        for key, value in node.value:
            place = (*where, str(key.value))
            if key.value in seen:
                yield place
            seen.add(key.value)
            yield from _repeated(value, visited, place)
    elif isinstance(node, yaml.SequenceNode):
        for number, value in enumerate(node.value):
            yield from _repeated(value, visited, (*where, number))
