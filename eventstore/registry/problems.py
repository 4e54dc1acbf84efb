"""Why an event cannot be read, in a word: what stands in the place of the event."""

from __future__ import annotations

from enum import StrEnum


class Problem(StrEnum):
    """Why nobody here can read an accepted event, or hand all of it on.

    Each is its word, as `RecordedEvent.problem`, records of `events.{type}` and `checks` have it; the words never change.
    """

    UNKNOWN_TYPE = "unknown_type"  # no event type of this name is registered
    UNKNOWN_STREAM_TYPE = "unknown_stream_type"  # nor its stream's
    WRONG_STREAM_TYPE = "wrong_stream_type"  # it is registered for other streams
    UNKNOWN_SCHEMA = "unknown_schema"  # no upcaster leads from its schema to today's
    ILL_TYPED = "ill_typed"  # its data do not fit the class
    SENSITIVE_IN_CLEAR = "sensitive_in_the_clear"  # some other writer did not seal it
    SEALED = "sealed"  # its class cannot be made without what is sealed
    SEALED_EARLIER = "sealed_in_an_earlier_schema"  # the upcasters would have to see it
    TOO_LARGE = "too_large"  # for a record of the real-time stream
