"""Users' classes may have members of any names: either such a class is refused when it is made, or it works."""

from __future__ import annotations

import keyword
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import uuid4

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import eventstore
from eventstore.aggregates import Aggregate
from eventstore.bus import EventBus, Published
from eventstore.projections.projection import Projection
from eventstore.registry import Event, Registry
from eventstore.repository import AggregateRepository
from eventstore.testing.memory import MemoryEventStore

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


class Counted(Event, frozen=True, kw_only=True):
    """One more."""

    by: int


class CounterState(msgspec.Struct):
    """How many."""

    count: int = 0


def _counters() -> Registry:
    registry = Registry()
    registry.stream_type("counter", number=1)
    registry.event_type(
        Counted, stream_type="counter", subject=None, name="Counted", schema=1
    )
    return registry


COUNTERS = _counters()
OF_OLD = ("withdraw", "accept", "propose", "doubt", "evolve", "set_aside")
RESERVED = (
    "record",
    "version",
    "state",
    "stream_id",
    "aggregate_id",
    "_domain_events",
    "recorded",
    "is_changed",
    "is_new",
)


def _source_names() -> list[str]:
    """Whatever stands in the framework's own code; a name that it needs is among them."""
    root = Path(eventstore.__file__).parent
    texts = [path.read_text("utf-8") for path in root.rglob("*.py")]
    found = {name for text in texts for name in re.findall(r"[A-Za-z_]\w*", text)}
    found |= {*dir(object), *dir(type), *dir(Aggregate), *OF_OLD}
    return sorted(name for name in found if not keyword.iskeyword(name))


NAMES = st.sampled_from(_source_names()) | st.from_regex(
    r"[A-Za-z_][A-Za-z0-9_]{0,8}", fullmatch=True
).filter(lambda name: not keyword.iskeyword(name))


def counter_with(name: str, value: object) -> type[Aggregate[CounterState]]:
    """A class of aggregates with one member of this name; made as a `class` statement makes it."""

    def count(self: Any, by: int = 1) -> None:
        self.record(Counted(by=by))

    def apply(self: Any, event: Counted) -> None:
        self.state.count += event.by

    body = {
        "stream_type": "counter",
        "state_type": CounterState,
        "_count_by": count,
        "apply": apply,
        "__module__": __name__,
        name: value,
    }
    return type("Counter", (Aggregate,), body)


def made_or_refused(name: str, make: Callable[[], T]) -> T | None:
    """The class; None where it was refused by that name, or by Python itself for one of its own."""
    told = ""
    try:
        return make()
    except (TypeError, ValueError) as refused:
        told = str(refused)
    assert name in told or name.startswith("__")
    return None


def command(self: Any) -> str:
    """Counts, and says that it was called."""
    self._count_by(3)
    return "called"


@given(NAMES)
@example("withdraw")
@example("accept")
@example("propose")
@example("doubt")
@example("evolve")
@example("set_aside")
@example("being_saved")
def test_a_command_of_any_name_is_refused_with_its_class_or_saved(name: str) -> None:
    counter_class = made_or_refused(name, lambda: counter_with(name, command))
    if counter_class is None:
        return
    counters = AggregateRepository(counter_class, MemoryEventStore(COUNTERS), rounds=4)
    counter = counter_class(str(uuid4()))

    assert getattr(counter, name)() == "called"
    saved = counters.save(counter)
    counters.load(counter.aggregate_id)._count_by()  # type: ignore[attr-defined]
    counter._count_by()  # type: ignore[attr-defined]
    counters.save(counter)

    assert saved is not None
    assert (saved.first_version, saved.last_version) == (1, 1)
    again = counters.load(counter.aggregate_id)
    assert (again.version, again.state.count) == (2, 4)
    assert not counter.is_changed
    past = AggregateRepository(counter_class, MemoryEventStore(COUNTERS), cache=0)
    assert not past.exists(counter.aggregate_id)


@pytest.mark.parametrize("name", OF_OLD)
def test_the_names_that_broke_saving_are_free(name: str) -> None:
    assert getattr(counter_with(name, command), name) is command


@pytest.mark.parametrize("name", RESERVED)
@pytest.mark.parametrize("value", [command, 3, property(command), None])
def test_a_name_that_the_framework_needs_is_refused_with_class_and_remedy(
    name: str, value: object
) -> None:
    with pytest.raises(TypeError, match=rf"Counter defines {name}, .* another name"):
        counter_with(name, value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("stream_type", command),
        ("state_type", command),
        ("state_type", dict),
        ("state_schema", command),
        ("state_schema", "2"),
        ("snapshot_frequency", command),
    ],
)
def test_what_a_class_declares_is_no_method(name: str, value: object) -> None:
    with pytest.raises(TypeError, match=rf"Counter\.{name} must be "):
        counter_with(name, value)


def test_an_apply_that_takes_no_event_is_refused() -> None:
    with pytest.raises(TypeError, match=r"Counter\.apply must be .*apply\(event\)"):
        counter_with("apply", command)


async def _later(self: Any, event: Any) -> None:
    """Nobody awaits it."""


def _piecemeal(self: Any, event: Any) -> Any:
    """Nobody goes through it."""
    yield event


@pytest.mark.parametrize("apply", [_later, _piecemeal])
def test_an_apply_that_would_never_run_is_refused(apply: object) -> None:
    with pytest.raises(TypeError, match=r"Counter\.apply must be a plain method"):
        counter_with("apply", apply)


def test_an_init_that_the_repository_cannot_call_is_refused() -> None:
    def init(self: Any, owner: str, limit: int) -> None: ...

    with pytest.raises(TypeError, match=r"Counter\.__init__ must be .*aggregate_id"):
        counter_with("__init__", init)


def test_an_init_that_adds_something_is_fine() -> None:
    class Kept(counter_with("total", command)):  # type: ignore[misc]
        """Remembers when it was made."""

        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            self.made = True

    counters = AggregateRepository(Kept, MemoryEventStore(COUNTERS))
    one = Kept("1")
    one.total()
    counters.save(one)

    assert counters.load("1").version == 1


def test_a_mixin_brings_no_name_that_the_framework_needs() -> None:
    class Sound:
        """Records sounds."""

        def record(self, seconds: int) -> None:
            """Not what an aggregate records."""

    with pytest.raises(TypeError, match=r"record.*it comes from Sound"):
        type("Counter", (Sound, Aggregate), {"stream_type": "counter"})


def test_what_a_decorator_did_to_the_class_is_found_by_the_repository() -> None:
    decorated = dataclass(counter_with("total", command))

    with pytest.raises(TypeError, match="__init__"):
        AggregateRepository(decorated, MemoryEventStore(COUNTERS))


@pytest.mark.parametrize("name", ["version", "aggregate_id", "stream_id", "recorded"])
def test_what_the_framework_counts_is_not_set_by_a_command(name: str) -> None:
    counter = counter_with("total", command)("1")

    with pytest.raises(AttributeError):
        setattr(counter, name, 7)


@pytest.mark.parametrize("rounds", [1, 2, 3])
def test_a_save_that_is_recorded_on_for_ever_ends_and_says_why(rounds: int) -> None:
    bus = EventBus()
    counter = counter_with("total", command)("1")
    store = MemoryEventStore(COUNTERS)
    counters = AggregateRepository(type(counter), store, bus=bus, rounds=rounds)
    told: list[Published] = []

    def once_more(event: Published) -> None:
        told.append(event)
        counter._count_by()  # type: ignore[attr-defined]

    bus.subscribe(once_more)
    counter._count_by()  # type: ignore[attr-defined]

    with pytest.raises(RuntimeError, match=r"counter\.1 was recorded on"):
        counters.save(counter)

    assert len(told) == rounds == store.stream_info("counter.1").version
    assert counter.recorded == (Counted(by=1),)
    assert counter.version == rounds + 1


def test_a_handler_that_records_once_has_that_saved_with_it() -> None:
    bus = EventBus()
    counter = counter_with("total", command)("1")
    counters = AggregateRepository(
        type(counter), MemoryEventStore(COUNTERS), bus=bus, rounds=2
    )

    def once(event: Published) -> None:
        if event.version == 1:
            counter._count_by()  # type: ignore[attr-defined]

    bus.subscribe(once)
    counter._count_by()  # type: ignore[attr-defined]
    counters.save(counter)

    assert not counter.is_changed
    assert counters.load("1").version == 2


# ---- projections


def projection_with(name: str, value: object) -> type[Projection]:
    """A projection with one member of this name."""

    def handle(self: Any, events: Any) -> None: ...

    body = {"name": "counters", "models": [], "handle": handle, name: value}
    return type("Counters", (Projection,), body)


def helper(self: Any) -> str:
    """A method of the user's own."""
    return "called"


# what __init__ returns Python itself refuses, and only when the class is called
@given(NAMES.filter(lambda name: name != "__init__"))
@example("problems")
@example("effects")
@example("version")
def test_a_method_of_a_projection_is_refused_or_leaves_the_declaration_whole(
    name: str,
) -> None:
    made = made_or_refused(name, lambda: projection_with(name, helper))
    if made is None:
        return

    assert made.problems() == ["it names no models"]
    assert getattr(made(), name)() == "called"
    assert (made.name, made.version, made.most) == ("counters", 1, 2_000)
    made().effects(None)  # type: ignore[arg-type]
    made().handle([])


def test_a_projection_may_have_an_init_of_its_own() -> None:
    def init(self: Any) -> None:
        self.made = True

    made = projection_with("__init__", init)

    assert made.problems() == ["it names no models"]
    assert made().made  # type: ignore[attr-defined]
    made().handle([])


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("problems", helper, "defines problems"),
        ("version", helper, r"Counters\.version must be"),
        ("types", helper, r"Counters\.types must be"),
        ("handle", helper, r"Counters\.handle must be .*handle\(events\)"),
        ("handle", _piecemeal, r"Counters\.handle must be .*generator"),
        ("effects", helper, r"Counters\.effects must be .*effects\(event\)"),
        ("effects", _piecemeal, r"Counters\.effects must be .*generator"),
    ],
)
def test_what_a_projection_declares_is_what_the_framework_takes_it_for(
    name: str, value: object, said: str
) -> None:
    with pytest.raises(TypeError, match=said):
        projection_with(name, value)


@pytest.mark.parametrize("name", ["handle", "effects"])
def test_what_a_projection_does_may_be_a_coroutine(name: str) -> None:
    assert getattr(projection_with(name, _later), name) is _later
