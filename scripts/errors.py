"""`python -m scripts.errors` writes docs/ERRORS.md: every problem of the HTTP API, with what resolves it. A guard compares it."""

from __future__ import annotations

import json
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from eventstore.api.catalogue import Entry

PAGE = Path(__file__).resolve().parent.parent / "docs" / "ERRORS.md"

_HEAD = """# What can go wrong, and what resolves it

Every problem that a call of the [HTTP API](API.md) can answer with. Written by `python -m scripts.errors` out of the store's errors
(`eventstore/errors/`) and the API's own (`eventstore/api/problems.py`); not to be edited by hand. In Python the same errors have the
names below ([Reference](REFERENCE.md)).

An answer is RFC 9457, `application/problem+json`. A program goes by `code`, which never changes its meaning; a person by `detail` and
`resolve`. `type` is an address that says what stands here, for anybody, without a token: `GET /api/v1/problems/{code}`.

```json
{"type": "/api/v1/problems/wrong-expected-version", "title": "Wrong expected version", "status": 409,
 "detail": "Stream order.order-1 is at version 4, but the commit expected 3. Load it again and decide again, under a new commit id.",
 "code": "wrong-expected-version", "resolve": "Read the stream from current_version on, decide again, …",
 "stream_id": "order.order-1", "expected": 3, "current_version": 4}
```

*Facts* are further members that a program may go by. *Again*: the answer has `Retry-After`, and the same call may succeed then; an append
is sent again under the same `Idempotency-Key`. What is not there and what the token may not see answer the same, `not-found`.
"""


_REST = """## In Python, commands and workers alone

No call answers with these as it is meant; if one does all the same, the code means the same.
"""


def text() -> str:
    """The page. Django must be set up."""
    from eventstore.api.catalogue import catalogue
    from eventstore.api.openapi.whole import whole

    entries = sorted(catalogue().values(), key=lambda e: (e.status, e.code))
    # a method that a call does not have is no method of the schema
    named = codes_in(json.loads(whole())) | {"method-not-allowed"}
    parts = [_HEAD]
    for status, same in groupby(entries, key=lambda e: e.status):
        answered = [_entry(entry) for entry in same if entry.code in named]
        parts += [f"## {status.value} {status.phrase}\n", *answered] if answered else []
    parts.append(_REST)
    parts.extend(_entry(entry) for entry in entries if entry.code not in named)
    return "\n".join(parts)


def codes_in(schema: Mapping[str, Any]) -> set[str]:
    """The codes that some call of a schema says it can answer with."""
    return {
        code
        for operations in schema["paths"].values()
        for operation in operations.values()
        for response in operation["responses"].values()
        for code in response.get("x-problem-codes", ())
    }


def _entry(entry: Entry) -> str:
    return (
        f"### `{entry.code}`\n\n{entry.happened}\n\n" + "\n".join(_lines(entry)) + "\n"
    )


def _lines(entry: Entry) -> Iterator[str]:
    yield f"- What resolves it: {entry.resolve}"
    if entry.facts:
        yield f"- Facts: {', '.join(f'`{fact}`' for fact in entry.facts)}"
    if entry.comes_again:
        yield "- Again: yes, after `Retry-After`"
    if entry.of_store:
        yield f"- In Python: `{entry.of_store}`"


if __name__ == "__main__":
    import django

    django.setup()
    PAGE.write_text(text(), "utf-8")
