"""Work on packed positions: whose record an event stands in, where a record begins and ends, which partition that is.

`events.pack` lays the bits out, and alone knows how; here stand the distances between neighbours, taken from it, and all
that is done with positions in Python and in SQL. Two numbers are meant:

    position      the type's number, partition, offset and index: what `pack` gives, the key of mirror and index.
                  That of a record has the index 0
    partition id  the type's number and the partition, without offset and index: the key of the partitions' rows

No function looks at the topic, so `partition` is a number and never a `Place`. The hot loops go this way: none of them
checks what it is given, but for `first_of`, which makes a position of an offset that may come from anywhere.
"""

from __future__ import annotations

from typing import Final

from eventstore.events import MAX_OFFSET, pack

# How far apart two neighbours are. Each is a power of two, so that a mask of one less takes off what lies below.
_TYPE: Final = pack(2, 0, 0) - pack(1, 0, 0)
_PARTITION: Final = pack(1, 1, 0) - pack(1, 0, 0)

RECORD: Final = pack(1, 0, 1) - pack(1, 0, 0)
"""How far apart two records of a partition are whose offsets are neighbours."""
TYPES: Final = 2**63 // _TYPE
"""Numbers of types, of which 0 is none: a position is a bigint, and above 0."""
PARTITIONS: Final = _TYPE // _PARTITION
"""Of a topic, at the most."""


def partition_id(type_number: int, partition: int) -> int:
    """The id of a partition of a type's topic."""
    return type_number * PARTITIONS + partition


def type_number_of(partition_id: int) -> int:
    """The number of the type whose topic a partition is of."""
    return partition_id // PARTITIONS


def partition_number_of(partition_id: int) -> int:
    """The number of a partition in its topic."""
    return partition_id % PARTITIONS


def partition_in(position: int) -> int:
    """The id of the partition that a position lies in."""
    return position // _PARTITION


def offset_in(position: int) -> int:
    """The offset of its record in its partition."""
    return (position & (_PARTITION - 1)) // RECORD


def first_of(partition_id: int, offset: int = 0) -> int:
    """The position of the record at an offset, which is that of its first event; behind the last one, where there may be none.

    Raises ValueError for what is no offset: two places must never share a number.
    """
    if not 0 <= offset <= MAX_OFFSET:
        msg = f"no offset: {offset}"
        raise ValueError(msg)
    return partition_id * _PARTITION + offset * RECORD


def record_of(position: int) -> int:
    """The position of the record in which an event stands."""
    return position & -RECORD


def after_record(position: int) -> int:
    """The position of the next record's place, behind all that the record of this one may hold."""
    return (position & -RECORD) + RECORD


def within_topic(position: int) -> int:
    """A position without the type's number, which is the registry's and no part of the log."""
    return position & (_TYPE - 1)


# ---- the same in SQL: each takes expressions and gives one, to be put into a statement where it is defined


def partition_id_sql(type_number: str, partition: str) -> str:
    """`partition_id`, an integer."""
    return f"({type_number} * {PARTITIONS} + {partition})"


def type_number_sql(partition_id: str) -> str:
    """`type_number_of`, an integer."""
    return f"({partition_id} / {PARTITIONS})"


def partition_in_sql(position: str) -> str:
    """`partition_in`, a bigint."""
    return f"({position} / {_PARTITION})"


def first_of_sql(partition_id: str, offset: str = "0::bigint") -> str:
    """`first_of`, a bigint; of an offset that is one. offset: a bigint."""
    return f"({partition_id}::bigint * {_PARTITION} + {offset} * {RECORD})"


def record_of_sql(position: str) -> str:
    """`record_of`, a bigint."""
    return f"({position} & {-RECORD})"


def after_record_sql(position: str) -> str:
    """`after_record`, a bigint."""
    return f"(({position} & {-RECORD}) + {RECORD})"
