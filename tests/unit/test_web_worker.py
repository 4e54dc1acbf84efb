"""A thread is given to a request that is there, and to nothing that would keep it waiting."""

from __future__ import annotations

import pytest

from teddy_es import web_worker
from teddy_es.web_worker import is_of_feed, is_whole

GET = b"GET / HTTP/1.1\r\nHost: a\r\n"
POST = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n"


@pytest.mark.parametrize("sent", range(len(GET) + 2))
def test_half_a_header_is_not_whole(sent: int) -> None:
    assert not is_whole((GET + b"\r\n")[:sent])


@pytest.mark.parametrize(
    ("received", "whole"),
    [
        (GET + b"\r\n", True),
        (GET + b"\r\nGET", True),
        (POST + b"\r\n", False),
        (POST + b"\r\nab", False),
        (POST + b"\r\nabc", True),
        (POST.lower() + b"\r\nab", False),
        (POST + b"Expect: 100-continue\r\n\r\n", True),
        (b"POST / HTTP/1.1\r\nContent-Length: 99999999999999\r\n\r\n", False),
        (b"POST / HTTP/1.1\r\nContent-Length: abc\r\n\r\n", True),  # gunicorn refuses
    ],
)
def test_a_request_with_its_body(received: bytes, whole: bool) -> None:  # noqa: FBT001
    assert is_whole(received) == whole


@pytest.mark.parametrize("most", [1, 2, 3])
def test_what_is_too_long_to_wait_for_is_handed_over(
    monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    monkeypatch.setattr(web_worker, "_HEADERS", most)
    monkeypatch.setattr(web_worker, "_BODY", most)

    assert not is_whole(b"x" * most)
    assert is_whole(b"x" * (most + 1))
    long = b"POST / HTTP/1.1\r\nContent-Length: 1000\r\n\r\n"
    assert not is_whole(long + b"y" * (most - 1))
    assert is_whole(long + b"y" * most)


@pytest.mark.parametrize(
    ("target", "waits"),
    [
        (b"/api/v1/feed", True),
        (b"/api/v1/feed?wait=20", True),
        (b"/api/v1/feed#there", True),
        (b"/api/v1/%66eed?a=/", True),
        (b"http://localhost/api/v1/feed", True),
        (b"/api/v1/streams", False),
        (b"/api/v1/streams?after=/api/v1/feed", False),
    ],
)
def test_who_follows_the_feed_is_known_however_its_address_is_written(
    target: bytes,
    waits: bool,  # noqa: FBT001
) -> None:
    assert is_of_feed(b"GET " + target + b" HTTP/1.1\r\n\r\n") == waits
