"""The register of places: what every column, topic and file that the product writes may hold of a person.

The data stands beside this in `store.toml`; a project that adds tables, topics or files names TOML files of its own in
`EVENTSTORE["PLACES"]`. An erasure enumerates by it what it reaches and how, and a guard compares it with the database,
the topics and the files that there are. Pure: it reads TOML and knows no database.
"""

from __future__ import annotations

from eventstore.places.register import (
    Holds,
    Kind,
    Part,
    Place,
    Reach,
    Register,
    read,
)

__all__ = ["Holds", "Kind", "Part", "Place", "Reach", "Register", "read"]
