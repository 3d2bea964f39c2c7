package sqlstep

import (
	"testing"
	"time"
)

func TestNumbers(t *testing.T) {
	for text, want := range map[string]any{
		"7": int64(7), "-7": int64(-7), "7.000": int64(7), "7.50": 7.5, "9223372036854775807": int64(9223372036854775807), "9223372036854775808": 9.223372036854775808e18,
		"1e3": 1000.0, "NaN": nil, "Infinity": nil, "-Infinity": nil, "1e400": nil, "": nil, "x": nil,
	} {
		if got := number(text); got != want {
			t.Errorf("%q: got %v (%T), want %v", text, got, got, want)
		}
	}
}

func TestMySQLValues(t *testing.T) {
	day := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	for _, test := range []struct {
		kind  string
		value any
		want  any
		bad   bool
	}{
		{"DATE", day, "2026-03-01", false}, {"DATETIME", day, "2026-03-01T00:00:00Z", false}, {"DATE", time.Time{}, nil, false},
		{"UNSIGNED BIGINT", uint64(1 << 63), 9.223372036854775808e18, false}, {"UNSIGNED BIGINT", []byte("18446744073709551615"), 1.8446744073709551615e19, false},
		{"FLOAT", float32(0.1), 0.1, false}, {"VARCHAR", []byte("null"), "null", false}, {"VARCHAR", "x", "x", false},
		{"BLOB", []byte("x"), nil, true}, {"VARBINARY", []byte("x"), nil, true}, {"BIT", []byte{1}, nil, true}, {"VARCHAR", []byte("\xff"), nil, true}, {"VARCHAR", true, nil, true},
	} {
		got, _, err := mysqlValue(0, test.kind, test.value)
		if got != test.want || (err != nil) != test.bad {
			t.Errorf("%s %v: got %v (%T), %v, want %v", test.kind, test.value, got, got, err, test.want)
		}
	}
}

func TestPostgresValuesThatAreNone(t *testing.T) {
	for _, test := range []struct {
		name string
		oid  uint32
		raw  []byte
		want any
		bad  bool
	}{
		{"NULL", oidInt4, nil, nil, false},
		{"NULL in a column of texts", 25, nil, nil, false},
		{"the word null", 25, []byte("null"), "null", false},
		{"NaN", oidFloat8, []byte("NaN"), nil, false},
		{"infinity", oidNumeric, []byte("-Infinity"), nil, false},
		{"a word where a number should be", oidInt4, []byte("many"), nil, false},
		{"a word where a time should be", oidTimestamp, []byte("never"), "never", false},
		{"no UTF-8", 25, []byte("a\xff"), nil, true},
		{"bytes", oidBytea, []byte(`\x00`), nil, true},
	} {
		t.Run("C6-142 "+test.name, func(t *testing.T) {
			got, err := postgresValue(0, test.oid, test.raw)
			if got != test.want || (err != nil) != test.bad {
				t.Errorf("got %v (%T), %v, want %v", got, got, err, test.want)
			}
		})
	}
}
