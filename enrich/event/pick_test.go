package event_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/postconfirm/postconfirm/enrich/event"
)

func TestPickTakesWhatIsWantedInItsExactSpelling(t *testing.T) {
	for name, tt := range map[string]struct {
		raw  string
		want map[string]string // of a and é; what is absent stays nil
		once bool
	}{
		"both are there":                          {`{"x":{"a":7},"a": [1] ,"é":"y"}`, map[string]string{"a": "[1]", "é": `"y"`}, true},
		"one is not there":                        {`{"a":1}`, map[string]string{"a": "1"}, true},
		"null is a value":                         {`{"a":null}`, map[string]string{"a": "null"}, true},
		"an escaped spelling is the same key":     {`{"\u0061":1,"\u00e9":2}`, map[string]string{"a": "1", "é": "2"}, true},
		"another letter case is another key":      {`{"A":1,"É":2}`, map[string]string{}, true},
		"one that comes twice is told":            {`{"a":1,"a":2}`, map[string]string{"a": "1"}, false},
		"one that comes twice as null is told":    {`{"a":null,"a":2}`, map[string]string{"a": "null"}, false},
		"one that comes twice, once escaped":      {`{"a":1,"\u0061":2}`, map[string]string{"a": "1"}, false},
		"what nobody wants may come twice":        {`{"x":1,"x":2,"a":3}`, map[string]string{"a": "3"}, true},
		"what is inside of another is not picked": {`{"x":{"a":1,"a":2}}`, map[string]string{}, true},
		"spaces in front":                         {" \n{\"a\":1}", map[string]string{"a": "1"}, true},
		"a list has no members":                   {`["a",1]`, map[string]string{}, true},
		"a string has none":                       {`"{}"`, map[string]string{}, true},
		"null has none":                           {`null`, map[string]string{}, true},
		"nothing has none":                        {``, map[string]string{}, true},
	} {
		t.Run(name, func(t *testing.T) {
			var a, e json.RawMessage
			once := event.Pick([]byte(tt.raw), event.Wanted{Key: "a", Into: &a}, event.Wanted{Key: "é", Into: &e})
			got := map[string]string{}
			for key, raw := range map[string]json.RawMessage{"a": a, "é": e} {
				if raw != nil {
					got[key] = string(raw)
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" || once != tt.once {
				t.Errorf("once %v, want %v (-want +got):\n%s", once, tt.once, diff)
			}
		})
	}
}

func TestPickAllocatesNothing(t *testing.T) {
	raw := []byte(`{"version":"1","userName":"ada","request":{"userAttributes":{"sub":"x","custom:plan":"pro"}}}`)
	allocations := testing.AllocsPerRun(100, func() {
		var name, request json.RawMessage
		if !event.Pick(raw, event.Wanted{Key: "userName", Into: &name}, event.Wanted{Key: "request", Into: &request}) || name == nil {
			t.Error("not found")
		}
	})
	if allocations > 0 {
		t.Errorf("%v allocations", allocations)
	}
}
