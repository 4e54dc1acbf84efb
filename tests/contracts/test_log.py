"""Both logs keep the one contract."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from kafka import KafkaAdminClient

from eventstore.database import connect
from eventstore.log.embedded import EmbeddedLog
from eventstore.testing.log_contract import LogContract
from eventstore.testing.log_given import PARTITIONS, OpenLog, Recreate
from scripts.launcher.ports import free_port
from tests.plugins.kafka_logs import until
from tests.support.connections import Line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from eventstore.log.kafka import KafkaLog
    from eventstore.ports import Log


class TestEmbeddedLog(LogContract):
    @pytest.fixture
    def open_log(self, transactional_db: None) -> OpenLog:
        # Its connection is its own, so a test's rollback would not undo what it wrote: tables are emptied instead.
        return lambda: EmbeddedLog(connect)

    @pytest.fixture
    def unreachable_log(self) -> Log:
        return EmbeddedLog(Line(cut=True).connect)

    @pytest.fixture
    def recreate(self, transactional_db: None, log: Log) -> Recreate:
        def recreate(topic: str) -> None:
            with connect() as connection:
                connection.execute(
                    "DELETE FROM eventstore_logtail WHERE topic ="
                    " (SELECT id FROM eventstore_logtopic WHERE name = %s)",
                    [topic],
                )
                connection.execute(
                    "DELETE FROM eventstore_logtopic WHERE name = %s", [topic]
                )
            log.create([topic], partitions=PARTITIONS)

        return recreate


@pytest.mark.kafka
class TestKafkaLog(LogContract):
    @pytest.fixture
    def open_log(self, open_kafka: Callable[..., KafkaLog]) -> OpenLog:
        return open_kafka

    @pytest.fixture
    def has_feeds(self) -> bool:
        return True

    @pytest.fixture
    def unreachable_log(self, open_kafka: Callable[..., KafkaLog]) -> Log:
        return open_kafka(f"127.0.0.1:{free_port()}")

    @pytest.fixture
    def recreate(self, kafka_bootstrap: str, log: Log) -> Iterator[Recreate]:
        admin = KafkaAdminClient(bootstrap_servers=kafka_bootstrap)

        def recreate(topic: str) -> None:
            admin.delete_topics([topic])
            until(lambda: not log.topics([topic]))
            log.create([topic], partitions=PARTITIONS)

        yield recreate
        admin.close()
