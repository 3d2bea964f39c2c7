package main

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/postconfirm/postconfirm/deploy/localcloud/function"
)

func TestAFunctionWithAFileAsLedgerRefusesToStart(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "pipeline.yaml"), []byte(pipeline), 0o600); err != nil {
		t.Fatal(err)
	}
	const queue = "https://sqs.eu-west-1.amazonaws.com/123456789012/"
	for name, tt := range map[string]struct {
		ledger string
		says   []string
	}{
		"a file": {"sqlite:" + filepath.Join(dir, "ledger.db"),
			[]string{"does not work in Lambda", "neither outlives an instance", "dynamodb:TABLE"}},
		"nothing":           {"", []string{"the ledger is missing: POSTCONFIRM_LEDGER=dynamodb:TABLE"}},
		"what is not known": {"redis:6379", []string{`"redis:6379" is not known`}},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			f := function.New([]string{os.Args[0]}, &function.Options{Output: &out, Environment: map[string]string{
				"BE_THE_WORKER": "1", "AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local", "POSTCONFIRM_LEDGER": tt.ledger,
				"POSTCONFIRM_PIPELINE": filepath.Join(dir, "pipeline.yaml"), "POSTCONFIRM_QUEUE_URL": queue + "confirmed", "POSTCONFIRM_DLQ_URL": queue + "dlq"}})
			answer, err := f.Invoke(t.Context(), []byte(`{"Records":[]}`))
			if err := f.Close(); err != nil {
				t.Error(err)
			}
			if !errors.Is(err, function.ErrExit) || answer != nil {
				t.Errorf("answered %s, %v", answer, err)
			}
			for _, words := range tt.says {
				if !strings.Contains(out.String(), words) {
					t.Errorf("no %q in\n%s", words, &out)
				}
			}
			if _, err := os.Stat(filepath.Join(dir, "ledger.db")); err == nil {
				t.Error("the file was made all the same")
			}
		})
	}
}
