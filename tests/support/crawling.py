"""Walks the console as a person or a robot would: every link and every form's address of every page, by GET."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qs, urljoin, urlsplit

from django.contrib.staticfiles import finders

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.test import Client

STATIC: Final = "/static/"
LINKS: Final = {"a": "href", "link": "href", "script": "src", "img": "src"}


@dataclass
class Seen:
    """One address: what it answered, and which page offered it first."""

    status: int
    text: str
    offered_by: str | None
    is_form: bool = False


@dataclass
class Offers(HTMLParser):
    """The addresses that a page offers."""

    base: str
    links: list[str] = field(default_factory=list)
    forms: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def __hash__(self) -> int:  # a dataclass that is compared has none
        return id(self)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep what leads on."""
        given = dict(attrs)
        if tag == "form":
            posts = (given.get("method") or "get").lower() == "post"
            action = urljoin(self.base, given.get("action") or "")
            (self.forms if posts else self.links).append(action)
        elif address := given.get(LINKS.get(tag, "")):
            self.links.append(urljoin(self.base, address))


class Crawl:
    """All that somebody reaches from these addresses on.

    alike: of addresses that differ in what a query's names are given alone, so many are looked at; there is no end of them.
    """

    def __init__(self, client: Client, starts: Iterable[str], *, alike: int = 3):
        self._client = client
        asked: Counter[tuple[str, ...]] = Counter()
        self.seen: dict[str, Seen] = {}
        todo: deque[tuple[str, str | None, bool]] = deque(
            (start, None, False) for start in starts
        )
        while todo:
            address, offered_by, is_form = todo.popleft()
            address = address.partition("#")[0]
            if address in self.seen:
                continue
            parts = urlsplit(address)
            kind = (parts.path, *sorted(parse_qs(parts.query)))
            asked[kind] += 1
            if asked[kind] > alike:
                continue
            todo += self._look(address, offered_by, is_form=is_form)

    def _look(
        self, address: str, offered_by: str | None, *, is_form: bool
    ) -> list[tuple[str, str | None, bool]]:
        if address.startswith(STATIC):
            found = finders.find(urlsplit(address).path.removeprefix(STATIC))
            self.seen[address] = Seen(200 if found else 404, "", offered_by)
            return []
        answer: Any = self._client.get(address)
        kind = answer.headers.get("Content-Type", "")
        text = answer.text if kind.startswith("text/html") else ""
        self.seen[address] = Seen(answer.status_code, text, offered_by, is_form)
        if answer.status_code in {301, 302}:
            return [(urljoin(address, answer.headers["Location"]), address, False)]
        offers = Offers(address)
        offers.feed(text)
        links: list[tuple[str, str | None, bool]] = [
            (link, address, False) for link in offers.links
        ]
        return links + [(form, address, True) for form in offers.forms]

    def broken(self) -> dict[str, Seen]:
        """Whatever answered as a fault of the server's, wherever its address comes from."""
        return {at: one for at, one in self.seen.items() if one.status >= 500}

    def dead(self) -> dict[str, str | None]:
        """What some page offers and nobody gets."""
        return {
            f"{one.status} {at}": one.offered_by
            for at, one in self.seen.items()
            if one.offered_by is not None and not _is_there(one)
        }


def _is_there(one: Seen) -> bool:
    # a form that is sent as a POST may refuse a GET, but not be missing
    fine = {200, 301, 302, 405} if one.is_form else {200, 301, 302}
    return one.status in fine
