"""The page of all fields of a request to the model server, from the list that checks them."""

from __future__ import annotations

from docs.generate.tables import table
from garage_tui.jobs.serve.openai_api.request_fields import ALL, FIELDS, HARMLESS, RequestField

HEAD = """# Fields of a request

<!-- Written by docs/generate/request_fields.py (`make docs`) from garage_tui/jobs/serve/openai_api/request_fields.py:
change the texts there. -->

Every field that `garage serve` takes in `/v1/chat/completions` and `/v1/completions`, and which engine obeys it. A
field that the engine does not obey is refused by its name, unless its value asks for nothing. Unknown fields are
refused, too. null is the same as leaving a field out. [Clients](../guide/clients.md) explains the rest.

"""
HARMLESS_HEAD = """## Taken without an effect

These fields change no answer.

"""


def page() -> str:
    """Return the whole page."""
    engines = [f"{engine}" for engine in ALL]
    rows = [_row(field) for field in FIELDS]
    fields = table(("field", "route", "type and range", "effect", *engines), rows)
    harmless = table(("field", "why"), [(f"`{name}`", why) for name, why in HARMLESS.items()])
    return HEAD + "\n".join(fields) + "\n" + HARMLESS_HEAD + "\n".join(harmless)


def _row(field: RequestField) -> tuple[str, ...]:
    route = "both" if len(field.routes) == 2 else field.routes[0]
    return (f"`{field.name}`", route, field.range, field.effect, *("yes" if e in field.engines else "no" for e in ALL))
