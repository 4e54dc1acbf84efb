// Propose commits to the log of record, with franz-go.
//
//	go run . BOOTSTRAP < proposals.ndjson
//
// See ../README.md for what a line holds and what is printed.
package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"regexp"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

const longest = 1_000_000 // bytes of a value

type proposal struct {
	StreamID string          `json:"stream_id"`
	Expected json.RawMessage `json:"expected"`
	Type     string          `json:"type"`
	Data     json.RawMessage `json:"data"`
}

type event struct {
	EventID       string          `json:"event_id"`
	Type          string          `json:"type"`
	Schema        int             `json:"schema"`
	OccurredAt    string          `json:"occurred_at"`
	CorrelationID *string         `json:"correlation_id"` // there as null: no omitempty
	CausationID   *string         `json:"causation_id"`
	Data          json.RawMessage `json:"data"`
}

type commit struct {
	V        int             `json:"v"`
	CommitID string          `json:"commit_id"`
	StreamID string          `json:"stream_id"`
	Expected json.RawMessage `json:"expected"`
	Events   []event         `json:"events"`
}

var (
	// Escapes that are right: a backslash, a whole surrogate pair.
	whole = regexp.MustCompile(`\\\\|\\u[dD][89abAB]..\\u[dD][c-fC-F]..`)
	half  = regexp.MustCompile(`\\u[dD][89a-fA-F]`)
)

// A UUID of version 4, in lower case as the grammar wants it.
func uuid() string {
	var b [16]byte
	rand.Read(b[:])
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// A line as a commit, and its record's value.
func propose(line []byte) (commit, []byte, error) {
	var asked proposal
	if err := json.Unmarshal(line, &asked); err != nil {
		return commit{}, nil, err
	}
	// Go passes half of a surrogate pair on as it stands, and it would be malformed.
	if half.Match(whole.ReplaceAll(line, nil)) {
		return commit{}, nil, fmt.Errorf("%s: half of a surrogate pair", asked.StreamID)
	}
	made := commit{
		V:        1,
		CommitID: uuid(),
		StreamID: asked.StreamID,
		Expected: asked.Expected,
		Events: []event{{
			EventID:    uuid(),
			Type:       asked.Type,
			Schema:     1,
			OccurredAt: time.Now().UTC().Format("2006-01-02T15:04:05.000000Z"), // RFC3339Nano leaves out zeros at the end
			Data:       asked.Data,
		}},
	}
	var value bytes.Buffer
	encoder := json.NewEncoder(&value)
	encoder.SetEscapeHTML(false) // else <, > and & take six bytes each
	if err := encoder.Encode(made); err != nil {
		return commit{}, nil, err
	}
	value.Truncate(value.Len() - 1) // the encoder ends with a line feed: allowed, but a byte
	if value.Len() > longest {
		return commit{}, nil, fmt.Errorf("%s: %d bytes, more than %d", asked.StreamID, value.Len(), longest)
	}
	return made, value.Bytes(), nil
}

func run(ctx context.Context, bootstrap string) error {
	client, err := kgo.NewClient(
		kgo.SeedBrokers(strings.Split(bootstrap, ",")...),
		// The default partitioner is right: murmur2 of the key. The default limit is not: key and batch come on top of
		// the value, so that the longest commit would be refused here.
		kgo.ProducerBatchMaxBytes(1_048_588),
		kgo.RecordDeliveryTimeout(30*time.Second),
	)
	if err != nil {
		return err
	}
	defer client.Close()
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 4_000_000)
	for lines.Scan() {
		made, value, err := propose(lines.Bytes())
		if err != nil {
			return err
		}
		topic, _, _ := strings.Cut(made.StreamID, ".")
		record := &kgo.Record{Topic: "eventstore." + topic, Key: []byte(made.StreamID), Value: value}
		// One after the other: so they keep their order. A time-out means that nobody knows: send the same bytes again, or ask.
		if err := client.ProduceSync(ctx, record).FirstErr(); err != nil {
			return err
		}
		told := map[string]any{"stream_id": made.StreamID, "commit_id": made.CommitID, "partition": record.Partition, "offset": record.Offset}
		if err := json.NewEncoder(os.Stdout).Encode(told); err != nil {
			return err
		}
	}
	return lines.Err()
}

func main() {
	if err := run(context.Background(), os.Args[1]); err != nil {
		log.Fatal(err)
	}
}
