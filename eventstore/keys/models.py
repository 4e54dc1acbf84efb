"""The key store's tables. All of it is read and written by SQL (`statements`); the models are for migrations.

Nothing in these tables says anything of a subject but its id, and which months it has keys for.
"""

from __future__ import annotations

from django.db import models
from django.db.models import F, Func, Q, TextField, Value
from django.db.models.functions import Now

# Named in the order of the alphabet, as a migration writes them: Django compares them in their order.
_PERIOD = Func(
    F("retention_class"),
    Value("/"),
    F("month"),
    arg_joiner=" || ",
    output_field=TextField(),
    template="(%(expressions)s)",
)


class Subject(models.Model):
    """Whom keys are about. Minting holds the row shared, erasing alone: one of the two is first.

    erased_at, request: set by an erasure, for good: no key is minted for this subject any more.
    """

    subject = models.TextField(primary_key=True)
    erased_at = models.DateTimeField(null=True)
    request = models.TextField(null=True)  # noqa: DJ001  (absent is not empty)

    def __str__(self) -> str:
        return self.subject


class DataKey(models.Model):
    """One data key, wrapped; a destroyed one stays as a tombstone, without its bytes.

    kek: the key-encryption key that wraps it. commitment: SHA-256 of the key under a label, as in the log.
    in_log: `KeyMinted` is in the log; nobody seals under a key before. destruction_in_log: `KeyDestroyed` is.
    """

    id = models.UUIDField(primary_key=True)
    subject = models.TextField()
    retention_class = models.TextField()
    month = models.TextField()
    wrapped = models.BinaryField(null=True)
    kek = models.TextField()
    commitment = models.BinaryField()
    minted_at = models.DateTimeField(db_default=Now())
    in_log = models.BooleanField(db_default=False)
    destroyed_at = models.DateTimeField(null=True)
    why = models.TextField(null=True)  # noqa: DJ001
    request = models.TextField(null=True)  # noqa: DJ001
    destruction_in_log = models.BooleanField(db_default=False)

    class Meta:
        constraints = [
            # a key is minted once, though many ask; also how a key is found by its name
            models.UniqueConstraint(
                fields=["subject", "retention_class", "month"],
                name="keys_datakey_living",
                condition=Q(destroyed_at__isnull=True),
            ),
            models.CheckConstraint(
                name="keys_datakey_bytes",
                condition=Q(wrapped__isnull=True, destroyed_at__isnull=False)
                | Q(wrapped__isnull=False, destroyed_at__isnull=True),
            ),
        ]
        indexes = [
            # tombstones of a name, and all keys of a subject
            models.Index(
                fields=["subject", "retention_class", "month", "id"],
                name="keys_datakey_subject",
            ),
            # What is past its period. Of both columns made one: no look-up by name may take it for an index of its own.
            models.Index(
                _PERIOD,
                F("id"),
                name="keys_datakey_period",
                condition=Q(destroyed_at__isnull=True),
            ),
            # rotation, and which key-encryption keys are needed
            models.Index(
                fields=["kek", "id"],
                name="keys_datakey_kek",
                condition=Q(destroyed_at__isnull=True),
            ),
            # also how many there are
            models.Index(
                fields=["destruction_in_log", "id"],
                name="keys_datakey_gone",
                condition=Q(destroyed_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)


class Mark(models.Model):
    """How far the log's destructions have been carried out here: a cut, as text. One row, id 1.

    It stands in this database: a backup that is put back takes it back, too, and what rose with it is destroyed again.
    """

    id = models.SmallIntegerField(primary_key=True)
    cut = models.TextField()

    def __str__(self) -> str:
        return self.cut
