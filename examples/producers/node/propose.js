// Propose commits to the log of record, with kafkajs.
//
//     npm ci
//     node propose.js BOOTSTRAP < proposals.ndjson
//
// See ../README.md for what a line holds and what is printed.

import { randomUUID } from "node:crypto"
import { createInterface } from "node:readline"
import kafkajs from "kafkajs"

const { Kafka, Partitioners, logLevel } = kafkajs
const LONGEST = 1_000_000 // bytes of a value

// A line's stream, its new commit id, and the record's value.
// JSON.parse rounds integers beyond 2^53; the grammar has none.
function commit(line) {
  const asked = JSON.parse(line)
  const record = {
    v: 1,
    commit_id: randomUUID(), // lower case, as the grammar wants it
    stream_id: asked.stream_id,
    expected: asked.expected,
    events: [
      {
        event_id: randomUUID(),
        type: asked.type,
        schema: 1,
        occurred_at: new Date().toISOString().replace("Z", "000Z"), // toISOString() has three digits, the grammar wants six
        correlation_id: null, // there as null, never left out (and undefined would be)
        causation_id: null,
        data: asked.data,
      },
    ],
  }
  const text = JSON.stringify(record)
  // half of a surrogate pair would be written as an escape, and be malformed
  if (/\\ud[89a-f][0-9a-f]{2}/i.test(text.replaceAll("\\\\", ""))) throw new Error(`${asked.stream_id}: half of a surrogate pair`)
  const value = Buffer.from(text, "utf8")
  if (value.length > LONGEST) throw new Error(`${asked.stream_id}: ${value.length} bytes, more than ${LONGEST}`)
  return [asked.stream_id, record.commit_id, value]
}

const kafka = new Kafka({ brokers: process.argv[2].split(","), logLevel: logLevel.ERROR })
// The default of kafkajs 2 is right, murmur2 of the key; its LegacyPartitioner, that of kafkajs 1, is not.
const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner, allowAutoTopicCreation: false })

await producer.connect()
try {
  for await (const line of createInterface({ input: process.stdin })) {
    const [stream_id, commit_id, value] = commit(line)
    const topic = "eventstore." + stream_id.split(".", 1)[0]
    // One after the other: so they keep their order. A time-out means that nobody knows: send the same bytes again, or ask.
    const [sent] = await producer.send({ topic, acks: -1, messages: [{ key: stream_id, value }] })
    console.log(JSON.stringify({ stream_id, commit_id, partition: sent.partition, offset: Number(sent.baseOffset) }))
  }
} finally {
  await producer.disconnect()
}
