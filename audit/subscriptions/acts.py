"""What people have subscriptions do: a page each that says what will happen, asks why, and has it done by a POST."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from django import forms
from django.contrib import messages
from django.core.exceptions import ImproperlyConfigured
from django.shortcuts import redirect
from django.urls import reverse

from audit.frame.refusals import PageRefused
from audit.frame.showing import Step, show
from eventstore.clock import SystemClock
from eventstore.database import Condition, condition_of
from eventstore.errors import ProjectionNotReady, StreamNotParked
from eventstore.events import Position
from eventstore.queries.positions import packed_of
from eventstore.queries.subscriptions import (
    ActionRow,
    Parked,
    actions,
    parked_at,
    status_of,
)
from eventstore.subscriptions import Start
from eventstore.subscriptions.operating import MAX_REASON, Operating, Order

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from django.http import HttpRequest, HttpResponse

_WENT_ON: Final = "That stream is not parked at this event any more: it went on meanwhile. Nothing was done."

_BUSY: Final = "Its handler is in the middle of a long batch, which nothing may interrupt. Nothing was done; try again."
_NOT_LOADED: Final = (
    "The projections that the settings name cannot be loaded, so nobody can tell whether this is one of them. Nothing was"
    " done; manage.py check says what is wrong."
)
PATIENCE_S = 10.0  # a page is not waited for longer


@dataclass(frozen=True, slots=True)
class Act:
    """How one is asked for. of_stream: whether it is about one parked stream; None: about one or about all."""

    title: str
    does: str
    button: str
    of_stream: bool | None = False
    is_dangerous: bool = False


ACTS: Final[Mapping[str, Act]] = {
    "pause": Act(
        "Pause",
        "No worker calls its handler until somebody resumes it. Nothing is lost: it goes on where it stopped.",
        "Pause it",
    ),
    "resume": Act(
        "Resume",
        "Workers go on where it was paused, with everything that was accepted since.",
        "Resume it",
    ),
    "replay": Act(
        "Replay",
        "A worker retries the failed event at once, then the later events of its stream, in order. Put the cause right first.",
        "Try again",
        of_stream=None,
    ),
    "skip": Act(
        "Skip",
        "The handler never gets this event. The stream goes on with the next one.",
        "Leave it out for good",
        of_stream=True,
        is_dangerous=True,
    ),
    "reset": Act(
        "Reset",
        "Workers start from other checkpoints, and parked streams are forgotten. What the handler wrote stays as it is: empty its"
        " tables first. A projection is not reset but built anew beside the one that is read: manage.py projections build.",
        "Reset it",
        is_dangerous=True,
    ),
}


class _Text(forms.CharField):
    """Lines end as they are counted in the browser."""

    def to_python(self, value: Any) -> str:
        return (super().to_python(value) or "").replace("\r\n", "\n")


class OrderForm(forms.Form):
    """Why, for all acts; which event, for what is done to a stream."""

    reason = _Text(max_length=MAX_REASON, widget=forms.Textarea(attrs={"rows": 3}))
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)


class ResetForm(OrderForm):
    """Where it begins, and the name once more."""

    to = forms.ChoiceField(
        choices=[
            (
                Start.BEGINNING.value,
                "the beginning: the handler gets every event again",
            ),
            (
                Start.NOW.value,
                "now: the handler never gets what it has not handled yet",
            ),
        ],
        widget=forms.RadioSelect,
    )
    confirmed = _Text(widget=forms.TextInput(attrs={"autocomplete": "off"}))

    def __init__(self, data: Any, *, name: str, **options: Any) -> None:
        super().__init__(data, **options)
        self._name = name

    def clean_confirmed(self) -> str:
        """Raises ValidationError for another name."""
        typed: str = self.cleaned_data["confirmed"]
        if typed != self._name:
            msg = "This is not its name."
            raise forms.ValidationError(msg)
        return typed


def act(request: HttpRequest, *, name: str, act: str) -> HttpResponse:
    """The form, or what it asks for is done and the subscription's page comes next."""
    asked = _act(act)
    subscription_status = status_of(name, SystemClock().now())
    at = _at(request, asked)
    try:
        stream = parked_at(name, at) if at else None
        form = _form(request, name, act, stream)
        if request.method == "POST" and form.is_valid():
            told = _asked_for(request, name, act, stream, form)
            if told is not None:
                messages.success(request, told)
                return redirect("admin:subscription", name=name)
    except StreamNotParked:
        messages.warning(request, _WENT_ON)
        return redirect("admin:subscription", name=name)
    context = {
        "title": f"{asked.title} {name}",
        "trail": _trail(name),
        "here": asked.title,
        "status": subscription_status,
        "act": act,
        "asked": asked,
        "stream": stream,
        "form": form,
        "max_reason": MAX_REASON,
    }
    status = HTTPStatus.BAD_REQUEST if form.errors else HTTPStatus.OK
    return show(request, "audit/subscriptions/act.html", context, status)


def recorded(*, name: str, **_route: str) -> Sequence[ActionRow]:
    """What people had this subscription do, newest first: the record that each act leaves."""
    return actions(name)


def _trail(name: str) -> list[Step]:
    return [
        Step("Subscriptions", reverse("admin:subscriptions")),
        Step(name, reverse("admin:subscription", args=[name])),
    ]


def _act(name: str) -> Act:
    if name not in ACTS:
        raise PageRefused(
            HTTPStatus.NOT_FOUND,
            "A subscription has no such action.",
            f"There are: {', '.join(ACTS)}.",
        )
    return ACTS[name]


def _at(request: HttpRequest, asked: Act) -> Position | None:
    """The event that the address names, for a stream's own name says whose it is. Raises `PageRefused` where it should name one and does not, or the other way round."""
    text = request.GET.get("at") or None
    at = _position(text) if text else None
    if (text and not at) or (
        asked.of_stream is not None and (at is not None) != asked.of_stream
    ):
        raise PageRefused(
            HTTPStatus.BAD_REQUEST,
            "This address does not name the event, or names one where none belongs.",
            "Choose it on the page of the subscription.",
        )
    return at


def _position(text: str) -> Position | None:
    try:
        position = Position.parse(text)
        packed_of(position)
    except ValueError:
        return None
    return position


def _form(
    request: HttpRequest, name: str, act: str, stream: Parked | None
) -> OrderForm:
    data = request.POST if request.method == "POST" else None
    initial = {"version": stream and stream.version}
    if act == "reset":
        return ResetForm(data, name=name)
    return OrderForm(data, initial=initial)


def _asked_for(
    request: HttpRequest, name: str, act: str, stream: Parked | None, form: OrderForm
) -> str | None:
    """Have it done; what is said of it. None if that cannot be, which the form says then."""
    try:
        order = Order(request.user.get_username(), form.cleaned_data["reason"])
    except ValueError as error:
        form.add_error("reason", str(error))
        return None
    try:
        return _had_done(
            order, name, act, stream.stream_id if stream else None, form.cleaned_data
        )
    except ProjectionNotReady as error:
        form.add_error(None, str(error))
    except (ImproperlyConfigured, ImportError):
        form.add_error(None, _NOT_LOADED)
    except Exception as error:
        if condition_of(error) is not Condition.LOCKED:
            raise
        form.add_error(None, _BUSY)
    return None


def _had_done(
    order: Order,
    name: str,
    act: str,
    stream_id: str | None,
    parameters: Mapping[str, Any],
) -> str:
    operating = Operating(SystemClock(), patience_s=PATIENCE_S)
    if act == "replay":
        tried = operating.replay(name, stream_id, order)
        return f"Retried at once: {tried:,} stream{'' if tried == 1 else 's'}."
    if act == "skip":
        operating.skip(name, str(stream_id), order, version=parameters["version"])
        return "The event is left out for good; its stream goes on."
    if act == "reset":
        operating.reset(name, Start(parameters["to"]), order)
        return f"Reset: {name} begins anew, at {parameters['to']}."
    getattr(operating, act)(name, order)
    return f"{'Paused' if act == 'pause' else 'Resumed'}: {name}."
