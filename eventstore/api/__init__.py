"""The HTTP API: streams, events and the feed for services that know neither Python nor Kafka."""
