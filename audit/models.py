"""What the console keeps of an account beside Django's own, and the permissions that roles are made of."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings  # noqa: TID251  (which model an account is, Django itself writes so)
from django.db import models


class Standing(models.Model):
    """Of one account. ends_at: from then on it may nothing more. zone: in which its pages say times, beside UTC.

    must_change_password: somebody else has set it, and knows it.
    """

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        primary_key=True,
        related_name="standing",
    )
    ends_at = models.DateTimeField(null=True, blank=True)
    zone = models.TextField(default="UTC")
    must_change_password = models.BooleanField(default=False, db_default=False)

    objects: ClassVar[models.Manager[Standing]] = models.Manager()

    class Meta:
        default_permissions = ()
        # One for each capability that roles give: `audit.access.Capability` has the same words, a guard compares them.
        permissions = [
            ("see_children", "See which children there are, and what is known of one"),
            ("see_payloads", "See events and streams, as the log has them"),
            ("reveal", "Open what a person said"),
            ("decide", "Claim, acknowledge, decide and reopen safety violations"),
            ("approve", "Approve what another person has asked for"),
            ("see_ledger", "See what others looked at"),
            ("export", "Have persons' data written to a file"),
            ("place_holds", "Place legal holds"),
            ("request_erasure", "Ask for a person's erasure"),
            ("operate", "Have subscriptions do something"),
        ]

    def __str__(self) -> str:
        return f"of account {self.user_id}"
