package worker_test

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/event"
	"github.com/postconfirm/postconfirm/worker"
	"github.com/postconfirm/postconfirm/worker/workertest/fake"
)

// choosy is a pool that refuses a whole call if one attribute of it is bad, and may not say which.
type choosy struct {
	worker.Directory
	bad   []string
	names bool // says which
	calls int
	has   map[string]string
}

func (c *choosy) User(context.Context, string, string) (worker.User, error) {
	return worker.User{Username: "ada", Sub: "1", Attributes: maps.Clone(c.has)}, nil
}

func (c *choosy) Schema(context.Context, string) (worker.Schema, error) {
	schema := worker.Schema{}
	for i := range 16 {
		schema["custom:a"+strconv.Itoa(i)] = worker.Field{Type: "String", Mutable: true}
	}
	return schema, nil
}

func (c *choosy) Write(_ context.Context, _, _ string, values []worker.Value) error {
	c.calls++
	for _, v := range values {
		if slices.Contains(c.bad, v.Name) {
			r := &worker.Rejected{Code: "attribute_rejected"}
			if c.names {
				r.Attribute = v.Name
			}
			return r
		}
	}
	for _, v := range values {
		c.has[v.Name] = v.Text
	}
	return nil
}

func TestARefusedAttributeIsFoundAndTheRestWritten(t *testing.T) {
	for _, c := range []struct {
		name      string
		of        int
		bad       []string
		names     bool
		mostCalls int
		want      worker.RunState
	}{
		{"none is refused: one call", 16, nil, false, 1, worker.Done},
		{"one of sixteen, named: one call more", 16, []string{"custom:a5"}, true, 2, worker.Done},
		{"one of sixteen, not named: found by halves", 16, []string{"custom:a5"}, false, 9, worker.Done},
		{"two of sixteen, not named", 16, []string{"custom:a0", "custom:a15"}, false, 16, worker.Done},
		{"the only one", 1, []string{"custom:a0"}, false, 1, worker.Done},
		{"too many to find: parked, with what could be written", 16, []string{"custom:a1", "custom:a3", "custom:a5", "custom:a7",
			"custom:a9", "custom:a11", "custom:a13", "custom:a15"}, false, 16, worker.Parked},
	} {
		t.Run("B5-86 "+c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				directory := &choosy{bad: c.bad, names: c.names, has: map[string]string{"sub": "1"}}
				p := &enrich.Pipeline{Pools: []string{"eu-west-1_Ab12cd34E"}}
				for i := range c.of {
					p.Attributes = append(p.Attributes, enrich.Attribute{Name: "custom:a" + strconv.Itoa(i), Value: template(t, "x")})
				}
				ledger := &fake.Ledger{}
				w := worker.New(p, worker.Ports{Queue: &belt{}, DeadLetters: letterbox{}, Directory: directory, Ledger: ledger},
					&worker.Options{Log: slog.New(slog.DiscardHandler)})
				m := event.Message{Pool: "eu-west-1_Ab12cd34E", User: "ada", Sub: "1"}
				w.Handle(t.Context(), worker.Delivery{Body: m.Encode(), ReceivedAt: time.Now()})
				r, _ := ledger.Run(m.Key())
				expect(t, "run", r.State, c.want)
				if directory.calls > c.mostCalls {
					t.Errorf("%d calls, at most %d expected", directory.calls, c.mostCalls)
				}
				if c.want == worker.Done {
					expect(t, "written", len(directory.has)-1, c.of-len(c.bad))
					for _, bad := range c.bad {
						expect(t, "flag for "+bad, slices.Contains(r.Flags, "attribute "+bad+": attribute_rejected"), true)
					}
				}
				expect(t, "values in flags", strings.Contains(strings.Join(r.Flags, " "), " x"), false)
			})
		})
	}
}

// letterbox takes every dead letter.
type letterbox struct{}

func (letterbox) Send(context.Context, worker.Letter) error { return nil }
