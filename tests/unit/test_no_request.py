"""What is no request, or is sent to a host that is none of ours, is refused in problem details."""

from __future__ import annotations

import json
import logging
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import pytest
from django.core.exceptions import DisallowedHost
from django.test import Client, RequestFactory
from gunicorn.http.errors import (
    ChunkMissingTerminator,
    ConfigurationProblem,
    InvalidRequestLine,
    LimitRequestHeaders,
    LimitRequestLine,
)

from eventstore.api.outside import bad_request, no_request
from teddy_es.web_worker import GatheringWorker, status_of

if TYPE_CHECKING:
    from pytest_django.fixtures import Settings

NAME = "ada"
ERRORS: dict[HTTPStatus | None, Exception] = {
    HTTPStatus.BAD_REQUEST: InvalidRequestLine(NAME),
    HTTPStatus.REQUEST_URI_TOO_LONG: LimitRequestLine(1, 2),
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE: LimitRequestHeaders(NAME),
    None: ConfigurationProblem(NAME),
}


@pytest.mark.parametrize("status", ERRORS)
def test_a_clients_error_has_its_status_and_ours_has_none(
    status: HTTPStatus | None,
) -> None:
    assert status_of(ERRORS[status]) is status
    assert status_of(ChunkMissingTerminator(NAME)) is HTTPStatus.BAD_REQUEST
    assert status_of(OSError()) is None


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (HTTPStatus.BAD_REQUEST, "malformed-request"),
        (HTTPStatus.REQUEST_URI_TOO_LONG, "address-too-long"),
        (HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "headers-too-long"),
    ],
)
def test_each_has_a_problem(status: HTTPStatus, code: str) -> None:
    said, media_type, body = no_request(status)

    problem = json.loads(body)
    assert said == status == problem["status"]
    assert media_type == "application/problem+json"
    assert (problem["code"], problem["type"]) == (code, f"/api/v1/problems/{code}")
    assert problem["resolve"]
    assert problem["detail"]


class Socket:
    """What is sent to a client."""

    def __init__(self, *, is_gone: bool = False) -> None:
        self.sent, self._is_gone = b"", is_gone

    def setblocking(self, _on: object) -> None:
        """As gunicorn does."""

    def gettimeout(self) -> float:
        """It never waits."""
        return 0.0

    def sendall(self, data: bytes) -> None:
        """Keep it."""
        if self._is_gone:
            raise BrokenPipeError
        self.sent += data


def worker() -> Any:
    made = object.__new__(GatheringWorker)
    made.log = logging.getLogger("no request")
    made.answer_no_request_by(no_request)
    return made


def test_the_worker_answers_it_and_repeats_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    client = Socket()

    worker().handle_error(None, client, ("127.0.0.1", 1), InvalidRequestLine(NAME))

    head, _, body = client.sent.partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    assert lines[0] == "HTTP/1.1 400 Bad Request"
    assert "Content-Type: application/problem+json" in lines
    assert f"Content-Length: {len(body)}" in lines
    assert "Connection: close" in lines
    assert json.loads(body)["code"] == "malformed-request"
    assert NAME not in client.sent.decode() + caplog.text
    assert "InvalidRequestLine" in caplog.text


def test_who_is_gone_is_answered_nothing() -> None:
    worker().handle_error(None, Socket(is_gone=True), None, LimitRequestLine(1, 2))


@pytest.mark.parametrize("address", ["/api/v1/feed", "/api/v1/nowhere"])
def test_a_host_that_is_none_of_ours_is_a_problem_below_the_api(
    settings: Settings, address: str
) -> None:
    settings.ALLOWED_HOSTS = ["ours.example"]

    answer = Client(headers={"Host": "theirs.example"}).get(address)

    assert answer.status_code == 400
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.json()["code"] == "malformed-request"
    assert "theirs" not in answer.content.decode()


def test_and_a_page_elsewhere() -> None:
    request = RequestFactory().get("/admin/")

    answer = bad_request(request, DisallowedHost())

    assert answer.status_code == 400
    assert answer.headers["Content-Type"].startswith("text/html")
