package sqs

import (
	"errors"
	"net/http"
)

// maxEntries is how many entries a batch may have.
const maxEntries = 10

// entry is one of a batch; its id ties the answer to it.
type entry interface{ id() string }

// batchOutput is the answer to a batch: status 200, however many entries failed.
type batchOutput[T any] struct {
	Successful []T           `json:",omitempty"`
	Failed     []failedEntry `json:",omitempty"`
}

// failedEntry says why one entry failed. Code is the legacy code, as AWS sends it.
type failedEntry struct {
	Id          string
	Code        string
	Message     string
	SenderFault bool
}

// checkBatch holds a batch to the rules that fail all of it (SQS API Reference, SendMessageBatch).
func checkBatch[E entry](operation string, entries []E) error {
	if len(entries) == 0 {
		return refuse("EmptyBatchRequest", legacy+"EmptyBatchRequest",
			"There should be at least one %sBatchRequestEntry in the request.", operation)
	}
	if len(entries) > maxEntries {
		return refuse("TooManyEntriesInBatchRequest", legacy+"TooManyEntriesInBatchRequest",
			"Maximum number of entries per request are %d. You have sent %d.", maxEntries, len(entries))
	}
	seen := map[string]bool{}
	for _, e := range entries {
		if id := e.id(); !validWord(id) {
			return refuse("InvalidBatchEntryId", legacy+"InvalidBatchEntryId", "A batch entry id can only contain "+
				"alphanumeric characters, hyphens and underscores. It can be at most 80 letters long.")
		} else if seen[id] {
			return refuse("BatchEntryIdsNotDistinct", legacy+"BatchEntryIdsNotDistinct", "Id %s repeated.", id)
		}
		seen[e.id()] = true
	}
	return nil
}

// eachEntry does the work entry by entry; a failure is that entry's alone.
func eachEntry[E entry, R any](entries []E, do func(E) (R, error)) *batchOutput[R] {
	out := new(batchOutput[R])
	for _, e := range entries {
		if r, err := do(e); err != nil {
			out.Failed = append(out.Failed, failed(e.id(), err))
		} else {
			out.Successful = append(out.Successful, r)
		}
	}
	return out
}

func failed(id string, err error) failedEntry {
	e := internalFailure()
	_ = errors.As(err, &e)
	return failedEntry{Id: id, Code: e.Query, Message: e.Message, SenderFault: e.Status < http.StatusInternalServerError}
}
