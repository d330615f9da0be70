"""A plugin for Datasette that shows what our pages would be if nothing cleaned what models write.

`/raw/framed/N` has the payload of that number in our frame, `/raw/document/N` in the one-file
document, and `/raw/bare/N` in a page without any policy. They ask for http where they asked for
https, so that a request that is sent can be told from a mere connection.
"""

from __future__ import annotations

from datasette import hookimpl
from datasette.utils.asgi import Response
from markupsafe import Markup

from llm_reasonkit.datasette_plugin.frame import framed
from llm_reasonkit.render.html import run_document
from tests.hostile_payloads import PAYLOADS, run_full_of


@hookimpl
def register_routes():
    """Serve the payloads as they are."""
    return [(r"^/raw/(?P<kind>\w+)/(?P<number>\d+)$", raw)]


async def raw(datasette, request):
    """Show a payload that nobody cleaned."""
    payload = list(PAYLOADS.values())[int(request.url_vars["number"])].replace("https:", "http:")
    if request.url_vars["kind"] == "framed":
        return await framed(datasette, request, "Raw", Markup(payload))
    if request.url_vars["kind"] == "document":
        return Response.html(run_document(run_full_of("")).replace("<main>", f"<main>{payload}", 1))
    return Response.html(f"<!DOCTYPE html><title>Raw</title>{payload}")
