package enrich_test

import (
	"testing"

	"github.com/postconfirm/postconfirm/enrich"
)

func TestAPriceReadsAsTheFileSaysIt(t *testing.T) {
	for want, p := range map[string]enrich.Price{
		"0.002 USD":       {Nanos: 2_000_000, Currency: "USD"},
		"0.002":           {Nanos: 2_000_000},
		"12":              {Nanos: 12_000_000_000},
		"100.5 EUR":       {Nanos: 100_500_000_000, Currency: "EUR"},
		"0.000000001 USD": {Nanos: 1, Currency: "USD"},
		"0":               {},
	} {
		if got := p.String(); got != want {
			t.Errorf("%+v reads %q, want %q", p, got, want)
		}
	}
}
