"""Registries by name: `tests.numbered.run1_loan1_desk2` has the stream types `run1loan`, number 1, and `run1desk`, number 2."""

from __future__ import annotations

import re
from functools import cache

from eventstore.registry import Registry
from eventstore.testing.shop import OrderChanged


@cache
def __getattr__(name: str) -> Registry:
    run, *types = name.split("_")
    if not run.startswith("run"):
        raise AttributeError(name)
    made = Registry()
    for given in types:
        found = re.fullmatch(r"([a-z]+)(\d+)", given)
        assert found is not None
        stream_type = run + found[1]
        made.stream_type(stream_type, number=int(found[2]))
        if not made._by_struct:
            made.event_type(
                OrderChanged, stream_type=stream_type, subject=None, name="OrderChanged"
            )
    return made
