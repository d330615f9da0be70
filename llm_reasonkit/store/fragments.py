"""Looks up fragments, whose aliases llm keeps in the log."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import llm
from llm.migrations import migrate
from sqlite_utils import Database

from llm_reasonkit.errors import StoreError, UsageError
from llm_reasonkit.store.database import reading


def resolve_fragments(path: Path, names: Sequence[str]) -> list[llm.Fragment | llm.Attachment]:
    """Return what the fragments stand for: aliases, hashes, paths, URLs, or a plugin's prefix.

    Raises UsageError for one that cannot be found.
    """
    from llm import cli

    try:
        return _resolved(path, names)
    except cli.FragmentNotFound as error:
        raise UsageError(str(error)) from error
    except StoreError:
        # A log that cannot be read has no aliases to give, but a file is still a file.
        return _resolved(None, names)


def _resolved(path: Path | None, names: Sequence[str]) -> list[llm.Fragment | llm.Attachment]:
    from llm import cli

    with closing(Database(memory=True)) as empty:
        migrate(empty)
        if path is None:
            return list(cli.resolve_fragments(empty, names, allow_attachments=True))
        with reading(path) as log:
            db = log if log is not None and "fragment_aliases" in log.table_names() else empty
            return list(cli.resolve_fragments(db, names, allow_attachments=True))
