// Propose commits to the log of record, with Kafka's own client and Jackson; both are among the jars of a Kafka 4.4.0 (its libs/).
//
//     java -cp "KAFKA/libs/*" Propose.java BOOTSTRAP < proposals.ndjson
//
// See ../README.md for what a line holds and what is printed.

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;

public class Propose {
    static final int LONGEST = 1_000_000; // bytes of a value
    static final ObjectMapper JSON = new ObjectMapper();
    // Instant.toString() has none, three, six or nine digits; the grammar wants six
    static final DateTimeFormatter TIME =
            DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm:ss.SSSSSS'Z'").withZone(ZoneOffset.UTC);

    static ObjectNode commit(JsonNode asked) {
        ObjectNode commit = JSON.createObjectNode();
        commit.put("v", 1);
        commit.put("commit_id", UUID.randomUUID().toString()); // lower case, as the grammar wants it
        commit.set("stream_id", asked.get("stream_id"));
        commit.set("expected", asked.get("expected"));
        ObjectNode event = commit.putArray("events").addObject();
        event.put("event_id", UUID.randomUUID().toString());
        event.set("type", asked.get("type"));
        event.put("schema", 1);
        event.put("occurred_at", TIME.format(Instant.now()));
        event.putNull("correlation_id"); // there as null, never left out
        event.putNull("causation_id");
        event.set("data", asked.get("data"));
        return commit;
    }

    // Half of a surrogate pair is an error here; getBytes would put a question mark in its place, Jackson an escape.
    static byte[] utf8(String text) throws CharacterCodingException {
        ByteBuffer encoded = StandardCharsets.UTF_8.newEncoder().encode(CharBuffer.wrap(text));
        byte[] bytes = new byte[encoded.remaining()];
        encoded.get(bytes);
        return bytes;
    }

    public static void main(String[] arguments) throws Exception {
        Map<String, Object> settings = Map.of(
                "bootstrap.servers", arguments[0],
                "acks", "all",
                "delivery.timeout.ms", 30_000,
                "request.timeout.ms", 10_000,
                "compression.type", "snappy"); // the default partitioner is right: murmur2 of the key
        var lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        var bytes = new ByteArraySerializer();
        try (var producer = new KafkaProducer<byte[], byte[]>(settings, bytes, bytes)) {
            for (String line; (line = lines.readLine()) != null; ) {
                ObjectNode commit = commit(JSON.readTree(line));
                String stream = commit.get("stream_id").asText();
                byte[] value = utf8(JSON.writeValueAsString(commit));
                if (value.length > LONGEST) {
                    throw new IllegalArgumentException(stream + ": " + value.length + " bytes, more than " + LONGEST);
                }
                String topic = "eventstore." + stream.substring(0, stream.indexOf('.'));
                var record = new ProducerRecord<>(topic, stream.getBytes(StandardCharsets.UTF_8), value);
                // One after the other: so they keep their order. A time-out means that nobody knows: send the same bytes again, or ask.
                var sent = producer.send(record).get(60, TimeUnit.SECONDS);
                ObjectNode told = JSON.createObjectNode();
                told.put("stream_id", stream).put("commit_id", commit.get("commit_id").asText());
                told.put("partition", sent.partition()).put("offset", sent.offset());
                System.out.println(told);
            }
        }
    }
}
