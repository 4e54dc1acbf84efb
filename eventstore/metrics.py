"""What Prometheus is told of the event store. Definitions, and one way to count; each room counts its own work.

With PROMETHEUS_MULTIPROC_DIR set, all processes of an installation write into one directory and any of them
answers for all; the mode of each gauge says how the values of several processes become one. Labels are closed
lists or places in the log: never an id, never anything of an event's data.
"""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Final, ParamSpec, TypeVar

from prometheus_client import Counter, Gauge, Histogram

from eventstore.errors import EventStoreError

if TYPE_CHECKING:
    from collections.abc import Callable

P = ParamSpec("P")
T = TypeVar("T")

VERDICTS: Final = Counter(
    "eventstore_verdicts",
    "Records folded by this installation, by the fold's verdict.",
    ["verdict"],
)
EVENTS: Final = Counter(
    "eventstore_events",
    "Events accepted by folds of this installation, by the kind of their stream.",
    ["stream_type"],
)
STREAMS_BEGUN: Final = Counter(
    "eventstore_streams_begun",
    "Streams whose first commit was accepted; events by streams is how they grow.",
    ["stream_type"],
)
MALFORMED: Final = Counter(
    "eventstore_malformed",
    "Malformed records folded, by the rule of the grammar they break.",
    ["reason"],
)
FOLD_RACES: Final = Counter(
    "eventstore_fold_races",
    "Folds given up because another process had moved the cursor: harmless, the price of helping.",
)
FOLD_SECONDS: Final = Histogram(
    "eventstore_fold_seconds",
    "Time of each stage of a fold.",
    ["stage"],
    buckets=(0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5),
)
APPEND_SECONDS: Final = Histogram(
    "eventstore_append_seconds",
    "Time from the call of append to its answer, by the answer (accepted, or the error's code).",
    ["outcome"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
ERRORS: Final = Counter(
    "eventstore_errors",
    "What callers were refused or could not be given, by what they asked for (append, load) and the error's code.",
    ["operation", "code"],
)
# What is waiting in a process that has died is waiting no more.
APPEND_QUEUE: Final = Gauge(
    "eventstore_append_queue",
    "Commits waiting for the appender's thread, over all live processes.",
    multiprocess_mode="livesum",
)
# A partition has one lag, whoever looked last. Not "livemax": a process that looked long ago and then folded
# nothing would hold up its old figure; not "livemostrecent": a mirror that died must leave its last word standing.
MIRROR_LAG: Final = Gauge(
    "eventstore_mirror_lag_records",
    "Records of a partition that the log holds and the mirror does not, as last looked up.",
    ["topic", "partition"],
    multiprocess_mode="mostrecent",
)
CLOCK_SKEW: Final = Gauge(
    "eventstore_log_clock_skew_seconds",
    "How far the clock that dates a partition's records is ahead of ours (below 0: behind), as last seen.",
    ["topic", "partition"],
    multiprocess_mode="mostrecent",
)
BUS_ERRORS: Final = Counter(
    "eventstore_bus_errors",
    "Events on which a handler of this process's bus failed, by the event's class.",
    ["event_type"],
)
CACHE_ERRORS: Final = Counter(
    "eventstore_cache_errors",
    "Aggregates that the cache could not keep or not give back: their loads go without it.",
    ["stream_type"],
)
REPLAYED_EVENTS: Final = Histogram(
    "eventstore_replayed_events",
    "Events replayed behind the snapshot, or behind nothing, to load an aggregate.",
    ["stream_type"],
    buckets=(0, 1, 2, 5, 10, 20, 50, 100, 1_000, 10_000),
)
LOAD_SECONDS: Final = Histogram(
    "eventstore_load_seconds",
    "Time to load an aggregate, by where its state came from (cache, snapshot, events).",
    ["stream_type", "source"],
    buckets=(0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5),
)
JOB_RUNS: Final = Counter(
    "eventstore_job_runs",
    "Runs of scheduled jobs by outcome (done, failed, missed).",
    ["job", "outcome"],
)
JOB_SECONDS: Final = Histogram(
    "eventstore_job_seconds",
    "Time of a run of a scheduled job.",
    ["job"],
    buckets=(0.01, 0.1, 1, 10, 60, 600, 3_600),
)
SNAPSHOTS_BUILT: Final = Counter(
    "eventstore_snapshots_built",
    "Snapshots written by this installation.",
    ["stream_type"],
)
SNAPSHOT_AGE_SECONDS: Final = Histogram(
    "eventstore_snapshot_age_seconds",
    "Time from an event's acceptance to the snapshot that was due at it.",
    ["stream_type"],
    buckets=(1, 5, 10, 20, 30, 60, 300, 1800, 3600, 21600, 86400),
)
SNAPSHOT_FAILURES: Final = Counter(
    "eventstore_snapshot_failures",
    "Attempts to make a stream's snapshots that failed, by the error's code.",
    ["stream_type", "code"],
)
SNAPSHOTS_FILLED: Final = Counter(
    "eventstore_snapshots_filled",
    "Snapshots that the topic had and the table lacked.",
    ["stream_type"],
)
SNAPSHOT_GARBAGE: Final = Counter(
    "eventstore_snapshot_garbage",
    "Records of the snapshots' topics that are no snapshots, by reason; and states that no longer decode.",
    ["reason"],
)
SNAPSHOT_SAMPLES: Final = Counter(
    "eventstore_snapshot_samples",
    "Snapshots compared with a full replay, by the result (same, drifted, unreadable).",
    ["stream_type", "result"],
)
# A subscription's name is one of the configured ones.
FOLLOWED: Final = Counter(
    "eventstore_followed_events",
    "Events of subscriptions by what became of them (handled; skipped: the registry could not read them; unregistered: of a type that it does not know, passed by who wants others).",
    ["subscription", "result"],
)
FOLLOW_FAILURES: Final = Counter(
    "eventstore_follow_failures",
    "Attempts to handle an event that failed, by what the worker did (retry, park), and transactions that it repeated (wait, broke).",
    ["subscription", "then"],
)
FOLLOW_LAG: Final = Gauge(
    "eventstore_follow_lag_records",
    "Records that the index holds and a subscription has not handled, as last looked up.",
    ["subscription"],
    multiprocess_mode="mostrecent",
)
PARKED_STREAMS: Final = Gauge(
    "eventstore_parked_streams",
    "Streams on which a subscription's handler failed, as last looked up: those that are retried, those that are parked and wait for a person.",
    ["subscription", "state"],
    multiprocess_mode="mostrecent",
)
FOLLOW_SECONDS: Final = Histogram(
    "eventstore_follow_seconds",
    "Time from an event's acceptance to the commit of its handler's transaction, of the newest in each.",
    ["subscription"],
    buckets=(0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 5, 30, 300, 3_600, 86_400),
)
FOLLOW_ACTIONS: Final = Counter(
    "eventstore_subscription_actions",
    "What people did to subscriptions (pause, resume, reset, replay, skip, forget) and to projections (switch, drop).",
    ["subscription", "action"],
)
UNDEAD_KEYS: Final = Counter(
    "eventstore_undead_keys",
    "Keys that the log says are destroyed and that were in the key store again, as after a restore, and were destroyed again.",
)


def refusals(operation: str) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Count the store's own errors that leave the function that it decorates, which is no coroutine."""

    def decorated(function: Callable[P, T]) -> Callable[P, T]:
        @wraps(function)
        def counted(*args: P.args, **kwargs: P.kwargs) -> T:
            try:  # no context manager: to make one takes longer than this
                return function(*args, **kwargs)
            except EventStoreError as error:
                ERRORS.labels(operation, error.code).inc()
                raise

        return counted

    return decorated
