"""By what the rows of a projection's models are known in every build: never by a number that the database gave them.

Two builds of the same events may number the same rows differently. So a foreign key to such a number is compared as the
key of the row that it leads to; where that row has none, nobody can say whether it leads to the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from psycopg.sql import SQL, Composable, Composed, Identifier

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.db.models import Model

_NUMBERS: Final = frozenset({"AutoField", "BigAutoField", "SmallAutoField"})
# One that leads nowhere (without a constraint) is described apart from one that leads to nobody.
_LED_TO: Final = SQL(
    "coalesce((SELECT ROW({key})::text FROM {table} {alias} WHERE {target} = {column}), {column}::text)"
)


def models_of(models: Sequence[type[Model]]) -> Sequence[type[Model]]:
    """These, and those that Django makes for their many-to-many fields: their rows are the projection's, too."""
    seen = dict.fromkeys(models)
    for model in models:
        meta: Any = model._meta  # noqa: SLF001  (Django's public API, by its documentation)
        for field in meta.local_many_to_many:
            through = field.remote_field.through
            if through._meta.auto_created:  # noqa: SLF001
                seen[through] = None
    return list(seen)


def leads_elsewhere(models: Sequence[type[Model]]) -> list[str]:
    """What is wrong with how these hang together: whatever they lead to must be built, compared and switched with them."""
    own = set(models)
    problems = []
    for model in models:
        meta: Any = model._meta  # noqa: SLF001
        if meta.proxy:
            problems.append(
                f"{model.__name__} is a proxy: name {meta.concrete_model.__name__}"
            )
        for field in meta.get_fields():
            # what leads here from elsewhere is no column of these, and so nobody's loss
            if not field.is_relation or (field.auto_created and not field.concrete):
                continue
            problems += [
                f"{model.__name__}.{field.name} leads to {name}, which is none of its models"
                for name in _strangers(field, own)
            ]
    return problems


def _strangers(field: Any, own: set[type[Model]]) -> list[str]:
    led_to = [field.related_model] if field.related_model is not None else []
    if field.many_to_many:
        through = field.remote_field.through
        led_to += [] if through._meta.auto_created else [through]  # noqa: SLF001
    return [
        getattr(one, "__name__", "?")
        for one in led_to
        if getattr(one, "_meta", None) is None or one._meta.concrete_model not in own  # noqa: SLF001
    ]


def given_columns(model: type[Model]) -> set[str]:
    """Those of its table that hold numbers which the database gave."""
    return {column for column, field in _fields(model).items() if is_given(field)}


def is_given(field: Any) -> bool:
    """Whether the database numbers it: two builds of the same rows may number them differently."""
    return field.get_internal_type() in _NUMBERS


def is_known(
    model: type[Model], column: str, seen: frozenset[Any] = frozenset()
) -> bool:
    """Whether a column says the same in every build."""
    field = _fields(model).get(column)
    if field is None:
        return True
    if is_given(field):
        return False
    target = _led_to(field)
    if target is None:
        return True
    return bool(_key(field.related_model, seen | {(model, column)}))


def key_of(model: type[Model], columns: Sequence[str]) -> list[str]:
    """The columns of its table by which a row is known in every build; empty if there are none."""
    return _key(model, frozenset(), set(columns))


def described(model: type[Model], column: str, schema: str, alias: str) -> Composable:
    """What a column says of a row, in SQL; alias: of its table. schema: in which the build's tables are."""
    return _described(model, column, schema, alias, frozenset())


def _described(
    model: type[Model], column: str, schema: str, alias: str, seen: frozenset[Any]
) -> Composable:
    own = Identifier(alias, column)
    field = _fields(model).get(column)
    target = None if field is None else _led_to(field)
    if field is None or target is None:
        return own
    other: Any = field.related_model
    beneath, seen = f"led_to_{len(seen)}", seen | {(model, column)}
    key = [_described(other, name, schema, beneath, seen) for name in _key(other, seen)]
    return _LED_TO.format(
        key=Composed(key).join(", "),
        table=Identifier(schema, other._meta.db_table),  # noqa: SLF001
        alias=Identifier(beneath),
        target=Identifier(beneath, target.column),
        column=own,
    )


def _key(
    model: type[Model], seen: frozenset[Any], columns: set[str] | None = None
) -> list[str]:
    wanted = set(_all(model)) if columns is None else columns
    for key in _keys(model):
        is_whole = bool(key) and set(key) <= wanted and not _may_be_null(model, key)
        is_new = all((model, name) not in seen for name in key)
        if is_whole and is_new and all(is_known(model, name, seen) for name in key):
            return key
    return []


def _keys(model: type[Model]) -> list[list[str]]:
    """What is unique by itself or together, and without a condition."""
    meta: Any = model._meta  # noqa: SLF001
    own = [[f.column] for f in meta.local_concrete_fields if f.unique]
    together = [list(c.fields) for c in meta.total_unique_constraints]
    together += [list(names) for names in meta.unique_together]
    named = [[meta.get_field(name).column for name in names] for names in together]
    return [[field.column for field in meta.pk_fields], *own, *named]


def _may_be_null(model: type[Model], columns: Sequence[str]) -> bool:
    """Whether a row may be without it: then several may."""
    return any(_fields(model)[name].null for name in columns if name in _fields(model))


def _led_to(field: Any) -> Any:
    """The field of another row to which a foreign key leads, if the database numbers that one; through other keys, too."""
    if not (field.many_to_one or field.one_to_one):
        return None
    target = field.target_field
    return target if is_given(target) or _led_to(target) is not None else None


def _fields(model: type[Model]) -> dict[str, Any]:
    meta: Any = model._meta  # noqa: SLF001
    return {field.column: field for field in meta.local_concrete_fields}


def _all(model: type[Model]) -> Sequence[str]:
    return [*_fields(model)]
