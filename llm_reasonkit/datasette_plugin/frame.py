"""Our content in Datasette's own frame; by policy nothing in it can run or be fetched."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping

from datasette.app import Datasette
from datasette.utils.asgi import Request, Response
from markupsafe import Markup

from llm_reasonkit.render.html import stylesheet
from llm_reasonkit.render.sanitize import one_line

_INLINE_SCRIPT = re.compile(r"<script(?:\s[^>]*)?>(.+?)</script>", re.DOTALL)
_LONGEST_TITLE = 120
_SECONDS = 3


async def framed(
    datasette: Datasette,
    request: Request,
    title: str,
    content: Markup,
    *,
    ways: Mapping[str, str] | None = None,
    again: bool = False,
    status: int = 200,
) -> Response:
    """Return a page.

    ways: addresses of pages nearby, by name. again: the browser is to load it anew every few
    seconds.
    """
    html = await datasette.render_template(
        "reasonkit.html",
        {
            "title": one_line(title, _LONGEST_TITLE),
            "style": stylesheet(),
            "content": content,
            "ways": ways or {},
            "again": _SECONDS if again else None,
        },
        request=request,
    )
    return Response.html(
        html,
        status=status,
        headers={
            "content-security-policy": await _policy(datasette, request),
            "referrer-policy": "same-origin",
            "x-content-type-options": "nosniff",
        },
    )


async def missing(datasette: Datasette, request: Request, why: str) -> Response:
    """Return a page that says what is not there."""
    content = Markup('<article class="reasonkit"><h1>Not found</h1><p>{}</p></article>')
    said = content.format(one_line(why, _LONGEST_TITLE * 4))
    return await framed(datasette, request, "Not found", said, status=404)


def reading_only() -> Response:
    """Refuse whatever is no reading."""
    return Response.text("This page can only be read.", status=405, headers={"allow": "GET, HEAD"})


async def _policy(datasette: Datasette, request: Request) -> str:
    """Allow Datasette's own inline scripts by their hashes, taken from a page without content."""
    empty = await datasette.render_template("reasonkit_empty.html", request=request)
    scripts = " ".join(_hash(found) for found in _INLINE_SCRIPT.findall(empty))
    return (
        f"default-src 'none'; script-src 'self' {scripts}; "
        f"style-src 'self' {_hash(stylesheet())}; img-src 'self' data:; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
