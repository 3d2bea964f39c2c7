package sqlstep

import (
	"database/sql/driver"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// The types of PostgreSQL that are no text to us (catalogue pg_type; these numbers never change).
const (
	oidBool, oidBytea                      = 16, 17
	oidInt8, oidInt2, oidInt4, oidOID      = 20, 21, 23, 26
	oidFloat4, oidFloat8, oidNumeric       = 700, 701, 1700
	oidTimestamp, oidTimestamptz           = 1114, 1184
	timestampLayout, timestamptzLayoutHour = "2006-01-02 15:04:05.999999999", "2006-01-02 15:04:05.999999999Z07"
)

// postgresValue reads a value in PostgreSQL's text form; raw is nil for NULL. A type that it does not know is text.
func postgresValue(column int, oid uint32, raw []byte) (any, error) {
	if raw == nil {
		return nil, nil
	}
	switch oid {
	case oidBytea:
		return nil, noBytes(column)
	case oidBool:
		return string(raw) == "t", nil
	case oidInt2, oidInt4, oidInt8, oidOID, oidFloat4, oidFloat8, oidNumeric:
		return number(string(raw)), nil
	case oidTimestamp:
		return instant(timestampLayout, raw), nil
	case oidTimestamptz:
		return instant(timestamptzLayoutHour, raw), nil
	}
	return text(column, raw)
}

// instant rewrites a time as RFC 3339, in UTC. What is no time to Go (infinity, years before Christ) stays as it came.
func instant(layout string, raw []byte) any {
	t, err := time.Parse(layout, string(raw))
	if err != nil {
		return string(raw)
	}
	return t.UTC().Format(time.RFC3339Nano)
}

// number reads decimals: a whole number that fits is an int64, anything else the nearest float64. What no JSON can
// hold (NaN, infinity, beyond all floats) is null.
func number(s string) any {
	whole, fraction, _ := strings.Cut(s, ".")
	if strings.Trim(fraction, "0") == "" {
		if n, err := strconv.ParseInt(whole, 10, 64); err == nil {
			return n
		}
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return nil
	}
	return finite(f)
}

func finite(f float64) any {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return nil
	}
	return f
}

func text(column int, raw []byte) (any, error) {
	if !utf8.Valid(raw) {
		return nil, noBytes(column)
	}
	return string(raw), nil
}

func noBytes(column int) error {
	return refusal(CodeBadColumn, fmt.Sprintf("column %d: bytes are no value; select encode(…, 'base64') or HEX(…)", column+1))
}

// mysqlValue reads a value as the driver gives it, and says how many bytes it is. kind is the driver's name for the
// column's type.
func mysqlValue(column int, kind string, v driver.Value) (value any, size int, err error) {
	switch v := v.(type) {
	case nil:
		return nil, 0, nil
	case int64:
		return v, 8, nil
	case uint64:
		return number(strconv.FormatUint(v, 10)), 8, nil
	case float32:
		return number(strconv.FormatFloat(float64(v), 'g', -1, 32)), 8, nil
	case float64:
		return finite(v), 8, nil
	case time.Time:
		return mysqlTime(kind, v), 32, nil
	case []byte:
		value, err = mysqlBytes(column, kind, v)
		return value, len(v), err
	case string:
		value, err = mysqlBytes(column, kind, []byte(v))
		return value, len(v), err
	}
	return nil, 0, refusal(CodeBadColumn, fmt.Sprintf("column %d: the driver gives a %T", column+1, v))
}

// mysqlTime: a DATE is a day, everything else an instant; the day 0000-00-00 is null.
func mysqlTime(kind string, t time.Time) any {
	switch {
	case t.IsZero():
		return nil
	case kind == "DATE":
		return t.Format(time.DateOnly)
	}
	return t.UTC().Format(time.RFC3339Nano)
}

func mysqlBytes(column int, kind string, raw []byte) (any, error) {
	switch {
	case kind == "DECIMAL", strings.HasSuffix(kind, "INT"): // an integer beyond int64 comes as text
		return number(string(raw)), nil
	case strings.HasSuffix(kind, "BLOB"), strings.HasSuffix(kind, "BINARY"), kind == "BIT", kind == "GEOMETRY", kind == "VECTOR":
		return nil, noBytes(column)
	}
	return text(column, raw)
}
