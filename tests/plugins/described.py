"""Whatever any test hears as a refusal of the API, the schema says of that call: nothing can be answered that is not described."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from django.test import Client

from eventstore.api.endpoint import Endpoint
from eventstore.api.openapi.refusals import codes_of
from eventstore.api.problems import MEDIA_TYPE

if TYPE_CHECKING:
    from collections.abc import Mapping


@pytest.fixture(autouse=True)
def _refusals_are_described(monkeypatch: pytest.MonkeyPatch) -> None:
    """Looks at every answer that a test's client gets."""
    ask = Client.request

    def asked(client: Client, **request: Any) -> Any:
        answer = ask(client, **request)
        if answer.headers.get("Content-Type") == MEDIA_TYPE:
            refuse_undescribed(answer, str(answer.request["REQUEST_METHOD"]))
        return answer

    monkeypatch.setattr(Client, "request", asked)


def refuse_undescribed(answer: Any, method: str) -> None:
    """AssertionError where the call does not say that it can answer so."""
    view = getattr(answer.resolver_match.func, "cls", None)
    asked = "GET" if method == "HEAD" else method
    if not isinstance(view, type) or not issubclass(view, Endpoint):
        return
    if view.schema is None or asked not in view.described or not answer.content:
        return  # no call of the schema, no method of this call, or a HEAD's answer
    said: Mapping[str, Any] = json.loads(answer.content)
    has_path = bool(answer.resolver_match.kwargs)
    codes = codes_of(view(), asked, has_path=has_path)
    assert said["code"] in codes, (
        f"{asked} {answer.resolver_match.route} answered {said['code']}, which its description does not say:"
        " add it to `problems` (eventstore/api/descriptions/, audit/api/descriptions.py)."
    )
