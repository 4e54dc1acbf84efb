"""The events by which a domain records keys, erasures and holds: a class that does not fit is refused when it is named."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import pytest

from eventstore.registry import SENSITIVE, Event, Registry
from eventstore.testing.shop import OrderClosed, shop
from eventstore.testing.shop_privacy import CustomerKeyMinted, register_privacy
from teddy_es.domain.types import registry as teddy


class Bare(Event, frozen=True, kw_only=True):
    """Lacks most of what a destroyed key's event must say."""

    key_id: str


class Telling(CustomerKeyMinted, frozen=True, kw_only=True):
    """Says more than it may."""

    remark: Annotated[str, SENSITIVE] | None = None


def ours() -> Registry:
    return register_privacy(shop())


def test_a_domain_names_its_own_classes() -> None:
    events = ours().privacy

    assert events is not None
    assert events.minted is CustomerKeyMinted
    assert events.stream_of("c-1") == "privacy.c-1"
    assert teddy.privacy is not None


def test_a_domain_need_not_have_any() -> None:
    assert shop().privacy is None


@pytest.mark.parametrize("struct", [Bare, OrderClosed, Telling])
def test_a_class_that_does_not_fit_is_refused(struct: type[Event]) -> None:
    registry = ours()
    assert registry.privacy is not None
    if struct is not OrderClosed:
        registry.event_type(struct, stream_type="privacy", subject=None)

    with pytest.raises(ValueError, match=struct.__name__):
        registry.privacy_events(replace(registry.privacy, destroyed=struct))


def test_a_class_about_a_person_is_refused_for_it_would_go_with_the_person() -> None:
    registry = ours()
    assert registry.privacy is not None
    registry.event_type(Bare, stream_type="privacy", subject="")

    with pytest.raises(ValueError, match="outlives the erasure"):
        registry.privacy_events(replace(registry.privacy, destroyed=Bare))
