"""The log on Kafka, and the only rooms that know kafka-python (3.0.12, pinned: its traps are handled by name).

log         KafkaLog, the port's adapter: one for each thread that uses it
cluster     who leads what; one request, one answer, on the caller's own thread
client      kafka-python's client with what its front doors leave out
reader      a Fetch for each read: no consumer that could jump, spin or lag behind its own seek
batches     what a Fetch brings, unpacked
writer      a Produce request for each leader, and what may be said of a proposal in it (`produce`)
restorer    records that were lost, put back at their offsets with their times
causes      why Kafka does not answer, in a sentence with what to do
altering    settings of a topic put right, all of them or none
topics      how a topic of the log of record must be set up, and what is wrong with one that is not
"""

from __future__ import annotations

from eventstore.log.kafka.log import KafkaLog

__all__ = ["KafkaLog"]
