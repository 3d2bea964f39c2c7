package worker

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/expr"
)

func number(n int) *int { return &n }

func real(n float64) *float64 { return &n }

func TestFieldRefusesWhatThePoolWould(t *testing.T) {
	text := Field{Type: "String", Mutable: true, MinLength: number(2), MaxLength: number(4)}
	for _, c := range []struct {
		name, value, want string
		field             Field
	}{
		{"fits", "abcd", "", text},
		{"characters are counted, not bytes", "äöüß", "", text},
		{"too many characters", "abcde", "too_long", text},
		{"too few", "a", "too_short", text},
		{"more than 2,048 bytes whatever the schema says", string(make([]byte, 2049)), "too_long", Field{Type: "String", Mutable: true}},
		{"1,500 letters of two bytes are too long", string([]rune(repeat("ä", 1500))), "too_long", Field{Type: "String", Mutable: true}},
		{"broken text", "a\xff", "not_utf8", text},
		{"an attribute that can't change", "ab", "immutable", Field{Type: "String"}},
		{"a number", "-12.5", "", Field{Type: "Number", Mutable: true}},
		{"no number", "12x", "not_a_number", Field{Type: "Number", Mutable: true}},
		{"not a number by name", "NaN", "not_a_number", Field{Type: "Number", Mutable: true}},
		{"below", "1", "too_small", Field{Type: "Number", Mutable: true, MinValue: real(2)}},
		{"above", "9", "too_large", Field{Type: "Number", Mutable: true, MaxValue: real(8)}},
		{"a boolean", "true", "", Field{Type: "Boolean", Mutable: true}},
		{"no boolean", "yes", "not_a_boolean", Field{Type: "Boolean", Mutable: true}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := c.field.refuses(c.value); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func repeat(s string, n int) string {
	out := ""
	for range n {
		out += s
	}
	return out
}

func TestTheModeSaysWhatIsWritten(t *testing.T) {
	wrote := Value{"custom:plan", "pro"}
	for _, c := range []struct {
		name, now, found string
		mode             enrich.Mode
		want             bool
	}{
		{"the same value is not written again", "pro", "pro", enrich.Overwrite, false},
		{"overwrite replaces", "free", "pro", enrich.Overwrite, true},
		{"if-empty fills", "", "pro", enrich.IfEmpty, true},
		{"if-empty leaves what is there", "free", "pro", enrich.IfEmpty, false},
		{"if-unchanged fills", "", "max", enrich.IfUnchanged, true},
		{"if-unchanged replaces what we wrote", "pro", "max", enrich.IfUnchanged, true},
		{"if-unchanged leaves what somebody else wrote", "free", "max", enrich.IfUnchanged, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			run := &Run{Identity: Identity{Pool: "p", Sub: "s"}}
			e := &execution{hold: &hold{run: run}, user: User{Attributes: map[string]string{"custom:plan": c.now}}}
			p := patch{before: map[string]Wrote{"custom:plan": {Digest: digest("p", "s", wrote)}}, observed: map[string]time.Time{}}
			e.sort(&p, &enrich.Attribute{Name: "custom:plan", Mode: c.mode, Value: &expr.Template{}}, Value{"custom:plan", c.found})
			if got := len(p.values) == 1; got != c.want {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}

func TestProjectKeepsOnlyWhatIsRead(t *testing.T) {
	result := enrich.Result{"status": int64(200), "body": map[string]any{"name": "ACME", "secret": "x",
		"plan": map[string]any{"id": "p1", "price": 9.5}, "tags": []any{"a", "b"}}}
	for _, c := range []struct {
		name   string
		fields []expr.Path
		want   string
	}{
		{"nothing read, nothing kept", nil, ""},
		{"one field", []expr.Path{{"body", "name"}}, `{"body":{"name":"ACME"}}`},
		{"two branches", []expr.Path{{"status"}, {"body", "plan", "id"}}, `{"body":{"plan":{"id":"p1"}},"status":200}`},
		{"a whole map stays whole", []expr.Path{{"body", "plan"}, {"body", "plan", "id"}}, `{"body":{"plan":{"id":"p1","price":9.5}}}`},
		{"also in the other order", []expr.Path{{"body", "plan", "id"}, {"body", "plan"}}, `{"body":{"plan":{"id":"p1","price":9.5}}}`},
		{"a path through a list keeps the list", []expr.Path{{"body", "tags", "x"}}, `{"body":{"tags":["a","b"]}}`},
		{"what is not there is not kept", []expr.Path{{"body", "nothing", "here"}}, `{"body":{}}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := project(result, c.fields)
			if err != nil || string(got) != c.want {
				t.Errorf("got %s, %v; want %s", got, err, c.want)
			}
		})
	}
	t.Run("a result that is too large is a permanent failure", func(t *testing.T) {
		_, err := project(enrich.Result{"body": repeat("x", maxOutput)}, []expr.Path{{"body"}})
		if f := enrich.Failure(err); f.Kind != enrich.Permanent || f.Code != "result_too_large" {
			t.Errorf("got %v", err)
		}
	})
	t.Run("stored numbers come back as they were", func(t *testing.T) {
		raw, err := project(enrich.Result{"n": int64(1) << 60, "f": 1.5}, []expr.Path{{}})
		if err != nil {
			t.Fatal(err)
		}
		got, err := decodeOutput(raw)
		if diff := cmp.Diff(map[string]any{"n": int64(1) << 60, "f": 1.5}, got); err != nil || diff != "" {
			t.Errorf("%v %s", err, diff)
		}
	})
}
