"""What Django brings along, for comparison: change lists of the same rows, with nothing said but what is to be seen."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, ClassVar, Final

from django.contrib.admin import AdminSite, ModelAdmin
from django.db import models
from django.test.utils import override_settings
from django.urls import path

from teddy_es.bench.conf import djangos_templates

if TYPE_CHECKING:
    from collections.abc import Iterator


class StockEvent(models.Model):
    """The index of events."""

    position = models.BigIntegerField(primary_key=True)
    event_id = models.UUIDField()
    stream_id = models.TextField()
    version = models.IntegerField()
    event_type = models.TextField()
    occurred_at = models.DateTimeField()
    recorded_at = models.DateTimeField()

    objects: ClassVar[models.Manager[StockEvent]] = models.Manager()

    class Meta:
        app_label = "bench"  # no app of the project
        managed = False
        db_table = "eventstore_event"

    def __str__(self) -> str:
        return str(self.position)


class StockSite(AdminSite):
    """Django's own, for these rows."""

    def get_app_list(self, request: Any, app_label: str | None = None) -> list[Any]:
        """No other models in the sidebar: it has less to do."""
        del request, app_label
        return []


class StockEvents(ModelAdmin):  # type: ignore[type-arg]  # generic in the stubs alone
    """The columns that the console's list shows, too."""

    list_display = (
        "recorded_at",
        "event_type",
        "stream_id",
        "version",
        "occurred_at",
    )
    list_display_links = None

    def has_add_permission(self, request: Any) -> bool:
        """Nobody adds an event by hand."""
        del request
        return False


site: Final = StockSite(name="admin")
site.register(StockEvent, StockEvents)
urlpatterns = [path("stock/", site.urls)]  # a ROOT_URLCONF
ADDRESS: Final = "/stock/bench/stockevent/"


@contextmanager
def as_django_brings_it() -> Iterator[None]:
    """With Django's templates and addresses alone; middleware, session and account are those of the console."""
    with override_settings(ROOT_URLCONF=__name__, TEMPLATES=djangos_templates()):
        yield
