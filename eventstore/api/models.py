"""Service accounts: what a token's owner may do, for what purpose, and whose data it may see."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from eventstore.api.scopes import ALL


class ServiceAccount(models.Model):
    """Beside a user without a password. Its tokens are django-rest-knox's; a change here is seen by the next request of each of them.

    bound_to: whose data alone it may see, in the words of who decides that (`EVENTSTORE["REACH"]`); null: everybody's.
    """

    user = models.OneToOneField(
        "auth.User",
        on_delete=models.CASCADE,
        primary_key=True,
        related_name="service_account",
    )
    scopes = ArrayField(models.CharField(max_length=32))
    purpose = models.CharField(max_length=64)
    bound_to = models.CharField(max_length=128, null=True)  # noqa: DJ001  (absent is not empty)
    sees_all = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            # to see everybody's data is said, never a field that was forgotten
            models.CheckConstraint(
                condition=Q(bound_to__isnull=True, sees_all=True)
                | Q(bound_to__isnull=False, sees_all=False),
                name="eventstore_api_account_bound",
            ),
            models.CheckConstraint(
                condition=Q(scopes__contained_by=list(ALL)),
                name="eventstore_api_account_scopes",
            ),
        ]

    def __str__(self) -> str:
        return str(self.pk)
