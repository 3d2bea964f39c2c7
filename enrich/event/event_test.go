package event_test

import (
	"encoding/json"
	"errors"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/postconfirm/postconfirm/enrich/event"
)

// onWire fails unless b is one line of printable ASCII and valid JSON.
func onWire(t *testing.T, b []byte) {
	t.Helper()
	if !json.Valid(b) {
		t.Fatalf("not JSON: %q", b)
	}
	for _, c := range b {
		if c < 0x20 || c >= 0x7F {
			t.Fatalf("byte %#x is not printable ASCII: %q", c, b)
		}
	}
}

func TestEncodeIsAlwaysOneLineOfASCIIJSON(t *testing.T) {
	who := event.Message{Pool: "p", User: "u", Sub: "s", Generation: "0", Source: "signup"}
	with := func(change func(*event.Message)) event.Message {
		m := who
		change(&m)
		return m
	}
	unknown := func(key, raw string) event.Message {
		return with(func(m *event.Message) { m.Unknown = map[string]json.RawMessage{key: json.RawMessage(raw)} })
	}
	const plain = `{"v":1,"pool":"p","user":"u","sub":"s","generation":"0","source":"signup"`
	for name, tt := range map[string]struct {
		m    event.Message
		want string
	}{
		"nothing at all":                     {event.Message{}, `{"v":1}`},
		"an unknown value that isn't ASCII":  {unknown("x", `{"é": ["😀", "\u00e9"]}`), plain + `,"x":{"\u00e9":["\ud83d\ude00","\u00e9"]}}`},
		"an unknown value on several lines":  {unknown("x", "[1,\r\n\t 2, \" a \"]"), plain + `,"x":[1,2," a "]}`},
		"an unknown value of broken UTF-8":   {unknown("x", "\"a\xffb\""), plain + `,"x":"a\ufffdb"}`},
		"an unknown value with a DEL":        {unknown("x", "\"\x7f\""), plain + `,"x":"\u007f"}`},
		"an unknown value of quotes":         {unknown("x", `"\\\" \""`), plain + `,"x":"\\\" \""}`},
		"an unknown value that isn't JSON":   {unknown("x", `{"open":`), plain + `}`},
		"an unknown value of no bytes":       {unknown("x", ``), plain + `}`},
		"an unknown value that ends early":   {unknown("x", `1,"pool":"other"`), plain + `}`},
		"an unknown member of a known name":  {unknown("pool", `"other"`), plain + `}`},
		"an unknown member of broken UTF-8":  {unknown("\xff", `1`), plain + `}`},
		"an unknown name that isn't ASCII":   {unknown("ключ", `1`), plain + `,"\u043a\u043b\u044e\u0447":1}`},
		"a metadata key of broken UTF-8":     {with(func(m *event.Message) { m.Metadata = map[string]string{"\xff": "x", "a": "b"} }), plain + `,"metadata":{"a":"b"}}`},
		"a metadata value of broken UTF-8":   {with(func(m *event.Message) { m.Metadata = map[string]string{"a": "x\xff\xfey"} }), plain + `,"metadata":{"a":"x\ufffdy"}}`},
		"only a metadata key of broken UTF8": {with(func(m *event.Message) { m.Metadata = map[string]string{"\xff": "x"} }), plain + `,"metadata":{}}`},
		"a time beyond RFC 3339": {
			with(func(m *event.Message) { m.At = time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC) }), plain + `}`,
		},
		"a time of another zone": {
			with(func(m *event.Message) { m.At = time.Date(2026, 1, 2, 3, 4, 5, 0, time.FixedZone("", 3600)) }),
			plain + `,"at":"2026-01-02T02:04:05Z"}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			got := tt.m.Encode()
			onWire(t, got)
			if diff := cmp.Diff(tt.want, string(got)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestAMessageKeepsNothingOfTheBody(t *testing.T) {
	body := []byte(`{"v":1,"pool":"p","user":"u","sub":"s","metadata":{"plan":"pro"},"trace":"1-678"}`)
	m, err := event.Decode(body)
	if err != nil {
		t.Fatal(err)
	}
	before := string(m.Encode())
	for i := range body {
		body[i] = 'x'
	}
	if diff := cmp.Diff(before, string(m.Encode())); diff != "" {
		t.Error(diff)
	}
}

func TestWhatIsEncodedIsDecodedAsItWas(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 5000 {
		m := randomMessage(random)
		body := m.Encode()
		onWire(t, body)
		got, err := event.Decode(body)
		if err != nil {
			t.Fatalf("%v: %s", err, body)
		}
		if diff := cmp.Diff(m, got); diff != "" {
			t.Fatalf("%s\n%s", diff, body)
		}
	}
}

func randomMessage(r *rand.Rand) event.Message {
	m := event.Message{
		Pool: randomText(r, 1), Region: randomText(r, 0), User: randomText(r, 1), Sub: randomText(r, 1),
		Generation: randomText(r, 1), Source: randomText(r, 1), Client: randomText(r, 0),
	}
	if r.IntN(2) == 0 {
		m.At = time.Unix(r.Int64N(4e9), r.Int64N(1e9)).UTC()
	}
	for range r.IntN(4) {
		if m.Metadata == nil {
			m.Metadata = map[string]string{}
		}
		m.Metadata[randomText(r, 0)] = randomText(r, 0)
	}
	for range r.IntN(3) {
		if m.Unknown == nil {
			m.Unknown = map[string]json.RawMessage{}
		}
		m.Unknown["x"+randomText(r, 0)] = event.AppendString(nil, randomText(r, 0))
	}
	return m
}

// randomText gives up to 12 runes, of which half are such as encoders stumble over.
func randomText(r *rand.Rand, least int) string {
	const edges = "\x00\x1f \"\\/\x7f\u0080\u00e9\u2028\u202e\ud7ff\ue000\ufffd\ufffe\uffff\U00010000\U0001f600\U0010ffff"
	var b strings.Builder
	for range least + r.IntN(12) {
		u := rune(r.IntN(utf8.MaxRune))
		if edge := []rune(edges); r.IntN(2) == 0 || !utf8.ValidRune(u) {
			u = edge[r.IntN(len(edge))]
		}
		b.WriteRune(u)
	}
	return b.String()
}

func TestReopensTravel(t *testing.T) {
	m := event.Message{Pool: "eu-west-1_Ab12cd34E", User: "u", Sub: "s", Generation: "0", Source: "signup", Reopens: 2}
	got, err := event.Decode(m.Encode())
	if err != nil || got.Reopens != 2 || len(got.Unknown) != 0 {
		t.Errorf("got %+v, %v", got, err)
	}
	for _, none := range []string{`-1`, `1.5`, `"2"`, `null`, `1e3`, `99999999999`} {
		body := `{"v":1,"pool":"p","user":"u","sub":"s","reopens":` + none + `}`
		if got, err := event.Decode([]byte(body)); err != nil || got.Reopens != 0 {
			t.Errorf("%s: got %d, %v", none, got.Reopens, err)
		}
	}
}

func TestChosenStepsTravel(t *testing.T) {
	for _, chosen := range [][]string{nil, {}, {"company"}, {"company", "b\u00fcro", "a\"b"}} {
		m := event.Message{Pool: "p", User: "u", Sub: "s", Generation: "plan", Source: event.SourceBackfill, Steps: chosen}
		body := m.Encode()
		onWire(t, body)
		got, err := event.Decode(body)
		if err != nil {
			t.Fatalf("%s: %v", body, err)
		}
		if diff := cmp.Diff(m, got); diff != "" {
			t.Error(diff)
		}
		want := `{"v":2,`
		if chosen == nil {
			want = `{"v":1,`
		}
		if !strings.HasPrefix(string(body), want) {
			t.Errorf("%s: want %s: a worker that does not know steps must not run them all", body, want)
		}
	}
}

func TestAChoiceOfStepsIsNeverGuessed(t *testing.T) {
	for text, want := range map[string]event.Reason{
		`"v":2`:                             event.VersionUnknown,
		`"v":2,"steps":null`:                event.VersionUnknown,
		`"v":3,"steps":["a"]`:               event.VersionUnknown,
		`"v":1,"steps":["a"]`:               event.BodySchema,
		`"v":1,"steps":[]`:                  event.BodySchema,
		`"v":2,"steps":"a"`:                 event.BodySchema,
		`"v":2,"steps":{"a":1}`:             event.BodySchema,
		`"v":2,"steps":["a",null]`:          event.BodySchema,
		`"v":2,"steps":[1]`:                 event.BodySchema,
		`"v":2,"steps":[["a"]]`:             event.BodySchema,
		`"v":2,"steps":["a"],"steps":["b"]`: event.IdentityAmbiguous,
	} {
		_, err := event.Decode([]byte(`{` + text + `,"pool":"p","user":"u","sub":"s"}`))
		var refused *event.Error
		if !errors.As(err, &refused) || refused.Reason != want {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
	if m, err := event.Decode([]byte(`{"v":1,"steps":null,"pool":"p","user":"u","sub":"s"}`)); err != nil || m.Steps != nil {
		t.Errorf("null in version 1: %v, %v", m.Steps, err)
	}
}
