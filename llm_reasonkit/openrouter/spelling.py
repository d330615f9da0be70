"""Which model ids someone may have meant who named one that does not exist. Pure."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

# What tells the releases of one family apart: versions, dates, and how finished they are.
_RELEASE = re.compile(r"v?\d+|preview|latest|exp|experimental|beta")


@dataclass(frozen=True, slots=True)
class _Name:
    """An id in parts, in lower case and with dashes throughout."""

    author: str
    base: str
    variant: str

    @property
    def slug(self) -> str:
        return f"{self.base}:{self.variant}" if self.variant else self.base

    @property
    def family(self) -> list[str]:
        """The words all its releases share, in any order: `claude-3-sonnet`, `claude-sonnet-4`."""
        return sorted(word for word in self.base.split("-") if not _RELEASE.fullmatch(word))

    def may_be_by(self, author: str) -> bool:
        return self.author in ("", author)


def nearest_ids(known: Mapping[str, int], wrong: str, count: int) -> list[str]:
    """Return at most `count` ids of `known`, which has when each was added, the likeliest first.

    First the same name in another case or by another author, then the same model in another
    variant, then the newest of the same family (for names that were retired), then names that
    look alike.
    """
    wanted = _name(wrong)
    names = {id_: _name(id_) for id_ in known}
    found = dict.fromkeys(
        [
            *(id_ for id_, name in names.items() if name.slug == wanted.slug),
            *_variants(names, wanted),
            *_family(names, wanted, known),
            *_look_alikes(names, wanted, count),
            *(id_ for id_, name in names.items() if wanted.base and wanted.base in name.slug),
        ]
    )
    return list(found)[:count]


def family(model_id: str) -> tuple[str, ...]:
    """Return what all releases of a model have in common: author, name, variant.

    `anthropic/claude-3.5-sonnet` and `anthropic/claude-sonnet-4` have the same.
    """
    name = _name(model_id)
    return (name.author, *name.family, f":{name.variant}")


def _name(model_id: str) -> _Name:
    plain = model_id.lower().removeprefix("openrouter/").replace(".", "-").replace("_", "-")
    author, _, slug = plain.rpartition("/")
    base, _, variant = slug.partition(":")
    return _Name(author, base, variant)


def _variants(names: Mapping[str, _Name], wanted: _Name) -> list[str]:
    found = [
        id_
        for id_, name in names.items()
        if name.base == wanted.base and wanted.may_be_by(name.author)
    ]
    return sorted(found, key=lambda id_: names[id_].variant)


def _family(names: Mapping[str, _Name], wanted: _Name, added: Mapping[str, int]) -> list[str]:
    found = [
        id_
        for id_, name in names.items()
        if wanted.family
        and name.family == wanted.family
        and name.variant in ("", wanted.variant)
        and wanted.may_be_by(name.author)
    ]
    return sorted(found, key=lambda id_: (names[id_].variant != wanted.variant, -added[id_]))


def _look_alikes(names: Mapping[str, _Name], wanted: _Name, count: int) -> Iterator[str]:
    whole = {f"{name.author}/{name.slug}": id_ for id_, name in names.items()}
    slugs = {name.slug: id_ for id_, name in names.items()}
    for words, query in ((whole, f"{wanted.author}/{wanted.slug}"), (slugs, wanted.slug)):
        for word in difflib.get_close_matches(query, words, n=count, cutoff=0.6):
            yield words[word]
