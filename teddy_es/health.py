"""For whoever runs the installation: is it alive, can it work, what does it count. No secrets, no personal data."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Final, TypeVar
from uuid import uuid4

import structlog
from django.db import connection
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    generate_latest,
)

from eventstore.checks import check_settings
from eventstore.clock import SystemClock
from eventstore.errors import LogTruncated
from eventstore.opening import key_ring
from eventstore.publishing.topics import feed_topics
from eventstore.publishing.topics import wrong as wrong_with_feeds
from eventstore.queries.connection import reading_cursor
from eventstore.queries.overview import cursors, newest
from eventstore.queries.stops import Stopped, stopped
from eventstore.snapshots.topics import snapshot_topics
from eventstore.snapshots.topics import wrong as wrong_with_snapshots
from eventstore.store import get_event_store
from teddy_es.all_processes import AllProcesses
from teddy_es.asking import OK, Asker, State, Turns, word_for
from teddy_es.conf import conf

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from eventstore.events import Place

PATIENCE: Final = 4.5  # seconds for database, log, index and topics together
_LOOK_AGAIN: Final = 60.0  # seconds

_log = structlog.get_logger(__name__)
T = TypeVar("T")
_NOT_ASKED: Final[State[Any]] = State("not asked")


@require_safe
@never_cache
def alive(_request: HttpRequest) -> HttpResponse:
    """The process answers. Asks nobody else: a broken database must not get the web restarted."""
    return HttpResponse("ok\n", content_type="text/plain")


@require_safe
@never_cache
def ready(request: HttpRequest) -> HttpResponse:
    """200 if settings are right, database and log answer, the topics are as they must be and reads can be, else 503.

    Who asks while the index is incomplete has it completed (rule 16): else a web that gets no requests because it is
    not ready would never become it. Topics beside the log (snapshots.*, events.*) and the key store have their word and do not decide: all but
    who needs them works. Each has its word: ok, no answer, not asked (something before it failed), or the code of what is wrong. And how far the mirror is behind the log, and which partitions have stopped: a part of the streams; the rest works.
    """
    settings = ",".join(message.id or "?" for message in check_settings()) or OK
    turns = Turns(_SHARES, PATIENCE)
    database = _ask("database", _known, turns) if settings == OK else _NOT_ASKED
    known = database.answer
    folded = None if known is None else known.cursors
    log = (
        _ask("log", lambda: _ends(folded or {}), turns)
        if database.is_ok
        else _NOT_ASKED
    )
    ends = log.answer
    index = _ask("index", _index, turns) if log.is_ok else _NOT_ASKED
    beside = _ask("beside", _beside, turns) if log.is_ok else _NOT_ASKED
    keys = _ask("keys", _keys, turns) if database.is_ok else _NOT_ASKED
    answer: dict[str, Any] = {
        "ready": index.is_ok,
        "settings": settings,
        "database": database.word,
        "log": log.word,
        "index": index.word,
        "beside": beside.word,
        "keys": keys.word,
        "lag": None if folded is None or ends is None else _lag(folded, ends),
        "stopped": None if known is None else [_stop(one) for one in known.stopped],
        "clock": _clock(index.answer) if index.is_ok else None,
    }
    told = {"ready": index.is_ok} if _is_strangers(request) else answer
    return JsonResponse(told, status=200 if index.is_ok else 503)


@require_safe
@never_cache
def metrics(request: HttpRequest) -> HttpResponse:
    """Prometheus' text: of all processes if they share a directory, else of this one."""
    if _is_strangers(request):
        raise Http404
    registry = REGISTRY
    if conf.PROMETHEUS_MULTIPROC_DIR:
        registry = CollectorRegistry()
        AllProcesses(registry, path=conf.PROMETHEUS_MULTIPROC_DIR)  # type: ignore[no-untyped-call]
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


# ---- below: how ------------------------------------------------------------------------------------------------------


def _is_strangers(request: HttpRequest) -> bool:
    """Whether it came where pages are asked for, in production: what is told there, everybody is told."""
    return conf.MODE == "production" and not hasattr(request, "is_probe")


_SHARES: Final = {
    "database": 1 / 3,
    "log": 1 / 3,
    "index": 2 / 9,
    "beside": 1 / 18,
    "keys": 1 / 18,
}
_askers: Final = {what: Asker(what) for what in _SHARES}


def forget() -> None:
    """As if nobody had asked yet. For tests: a process has one store as long as it lives."""
    for asker in _askers.values():
        asker.rest()
    if _topics.cache_info().currsize:
        _topics().indexer.log.close()
    _topics.cache_clear()
    if _topics_beside.cache_info().currsize:
        _topics_beside().log.close()
    _topics_beside.cache_clear()


def _ask(what: str, question: Callable[[], T], turns: Turns) -> State[T]:
    """The answer, or a word for why there is none; the rest stands in the log only, for it may name hosts."""
    try:
        patience_s = turns.patience_of(what)
        return State(OK, _askers[what].ask(question, patience_s=patience_s))
    except Exception as error:
        word = word_for(error)
        if word is None:
            raise
        said = str(error) or "no answer in time"
        _log.warning("not ready", action="probe-failed", asked=what, error=said)
        return State(word)


@dataclass(frozen=True, slots=True)
class _Known:
    """How far each partition is folded, and those that are folded no further."""

    cursors: Mapping[Place, int]
    stopped: Sequence[Stopped]


def _known() -> _Known:
    try:
        return _Known(cursors(), stopped())
    finally:
        connection.close()  # this thread's own; kept, it would be found dead after the database's next restart


def _index() -> tuple[Place, datetime] | None:
    """What was recorded last. Raises `IndexIncomplete` as reads do. Takes long only where much has to be folded: "no answer", until it is."""
    try:
        with reading_cursor():
            return newest()
    finally:
        connection.close()  # as above


def _ends(folded: Mapping[Place, int]) -> Mapping[Place, int]:
    """Where the log ends. Raises `LogMisconfigured`, and `LogTruncated` if it does not hold what was folded."""
    topics = _topics()
    topics.check()
    extents = topics.indexer.log.extents(topics.indexer.topics.places)
    for place, extent in extents.items():
        # read before, so the log has it, if it has lost nothing
        cursor = folded.get(place, 0)
        if extent.start or extent.end < cursor:
            contents = f"it now holds offsets {extent.start} to {extent.end - 1}"
            raise LogTruncated(
                place.topic, place.partition, cursor=cursor, found=contents
            )
    return {place: extent.end for place, extent in extents.items()}


def _keys() -> None:
    """Raises `KeyStoreUnavailable`: it does not answer, or what the log says is destroyed is being destroyed again."""
    try:
        key_ring().opening([uuid4()])
    finally:
        connection.close()  # as above: the log is asked about keys


def _beside() -> None:
    """Raises `LogMisconfigured` for a topic of the snapshots or of the real-time stream. Sound ones are believed for a minute."""
    _topics_beside().check()


class _Beside:
    """Eyes of this asker's own: an adapter serves one thread."""

    def __init__(self) -> None:
        self.log = get_event_store().make_log()
        self._sound_at = -math.inf

    def check(self) -> None:
        """As `_Topics.check`."""
        if time.monotonic() - self._sound_at < _LOOK_AGAIN:
            return
        wrong = [
            *wrong_with_snapshots(snapshot_topics(), self.log),
            *wrong_with_feeds(feed_topics(), self.log),
        ]
        if wrong:
            raise wrong[0]
        self._sound_at = time.monotonic()


class _Topics:
    """The asker's own eyes on the log: an adapter serves one thread."""

    def __init__(self) -> None:
        self.indexer = get_event_store().make_indexer()
        self._sound_at = -math.inf

    def check(self) -> None:
        """Raises `LogMisconfigured`. Sound topics are believed for a minute, wrong ones looked at every time."""
        if time.monotonic() - self._sound_at < _LOOK_AGAIN:
            return
        try:
            self.indexer.check_topics()
        finally:
            self.indexer.close()  # as `_cursors`
        self._sound_at = time.monotonic()


_topics = cache(_Topics)
_topics_beside = cache(_Beside)


def _stop(one: Stopped) -> dict[str, Any]:
    return {
        "partition": one.place,
        "code": one.code,
        "since": one.since and one.since.isoformat(),
        "set_aside": one.is_set_aside,
    }


def _lag(folded: Mapping[Place, int], ends: Mapping[Place, int]) -> dict[str, Any]:
    """Records that the log holds and the mirror does not."""
    behind = {place: max(0, end - folded.get(place, 0)) for place, end in ends.items()}
    worst = max(behind, key=lambda place: behind[place], default=None)
    return {
        "records": sum(behind.values()),
        "worst": str(worst) if worst and behind[worst] else None,
        "worst_records": behind[worst] if worst else 0,
    }


def _clock(last: tuple[Place, datetime] | None) -> dict[str, Any]:
    """How far a clock of the log is ahead (below 0: behind), by this process's appends or by a record of the future."""
    seen = [get_event_store().reporter.clocks.worst()]
    if last is not None:
        ahead = (last[1] - SystemClock().now()).total_seconds()
        seen.append((last[0], max(0.0, round(ahead, 1))))
    known = [one for one in seen if one is not None and one[1]]
    place, skew = max(known, key=lambda one: abs(one[1]), default=(None, 0.0))
    return {"skew_s": skew, "worst": place and str(place)}
