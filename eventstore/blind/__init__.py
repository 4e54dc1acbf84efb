"""Blind indexes: a stream is found by a sealed value that somebody knows, such as an e-mail address, and by nothing else.

    by_email = BlindIndex("customer-email", CustomerRegistered, "email", str.casefold)
    following = by_email.subscription()              a name for EVENTSTORE["SUBSCRIPTIONS"]: it fills the index
    by_email.find("ada@example.org")                 the ids of streams

The index holds HMAC-SHA-256 of the value under a key of its own, from the key store: without that key nobody can guess what
stands in it. A row goes with the key that its value was sealed with, by erasure or by retention.
"""

from __future__ import annotations

from eventstore.blind.index import BlindIndex

__all__ = ["BlindIndex"]
