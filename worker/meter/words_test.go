package meter_test

import (
	"bytes"
	"regexp"
	"testing"

	"github.com/postconfirm/postconfirm/worker"
	"github.com/postconfirm/postconfirm/worker/meter"
)

var safe = regexp.MustCompile(`^postconfirm_(deliveries_total\{outcome=retry,reason=[a-z][a-z0-9_]{0,39}\}|throttles_total\{dependency=[!-~]{1,255}\}|` +
	`tries_total\{step=[!-~]{1,255}\}|step_seconds\{step=[!-~]{1,255},class=unsafe,outcome=retry\})$`)

// FuzzLabels holds every line against the rules of the format, whatever a connector and a pipeline say.
func FuzzLabels(f *testing.F) {
	for _, s := range []string{"", "http_503", "ada@acme.example", "\x00", "a\nb", "ünï", `"`, "é", "a,b=c}"} {
		f.Add(s, s)
	}
	f.Fuzz(func(t *testing.T, code, name string) {
		var out bytes.Buffer
		l := meter.NewLines(&out, nil)
		l.Finished(worker.Verdict{Outcome: worker.Retry, Reason: code})
		l.Stepped(worker.StepNote{Step: name, Dependency: name, Code: code, Tries: 1})
		if err := l.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		for series := range check(t, out.String()) {
			if !safe.MatchString(series) {
				t.Errorf("%q", series)
			}
		}
	})
}
