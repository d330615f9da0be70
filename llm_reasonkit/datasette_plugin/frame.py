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
# What a model wrote comes into the page when its policy is made; no escaped text looks like this.
_CONTENT = Markup("<!-- content -->")
_LONGEST_TITLE = 120
_LONGEST_REASON = 480
_SECONDS = 3
# Whatever stands in an answer of ours is not to be taken for a page or a script.
AS_TOLD = {"x-content-type-options": "nosniff"}


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
            "content": _CONTENT,
            "ways": ways or {},
            "again": _SECONDS if again else None,
        },
        request=request,
    )
    return Response.html(
        html.replace(_CONTENT, content, 1),
        status=status,
        headers={
            "content-security-policy": _policy(html),
            "referrer-policy": "same-origin",
            **AS_TOLD,
        },
    )


async def missing(datasette: Datasette, request: Request, why: str) -> Response:
    """Return a page that says what is not there."""
    return await _refusal(datasette, request, "Not found", why, 404)


async def unreadable(datasette: Datasette, request: Request, why: str) -> Response:
    """Return a page that says why the log cannot be read."""
    return await _refusal(datasette, request, "The log cannot be read", why, 503)


async def _refusal(
    datasette: Datasette, request: Request, title: str, why: str, status: int
) -> Response:
    content = Markup('<article class="reasonkit"><h1>{}</h1><p>{}</p></article>')
    said = content.format(title, one_line(why, _LONGEST_REASON))
    return await framed(datasette, request, title, said, status=status)


def reading_only() -> Response:
    """Refuse whatever is no reading."""
    return Response.text("This page can only be read.", status=405, headers={"allow": "GET, HEAD"})


def _policy(frame: str) -> str:
    """Allow Datasette's own inline scripts by their hashes, taken from a page without content."""
    scripts = " ".join(_hash(found) for found in _INLINE_SCRIPT.findall(frame))
    return (
        f"default-src 'none'; script-src 'self' {scripts}; "
        f"style-src 'self' {_hash(stylesheet())}; img-src 'self' data:; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
