package pipefile_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/pipefile"
)

const priced = `version: 1
pools: [eu-west-1_Ab12cd34E]
steps:
  - { id: a, uses: http, with: { url: "https://a.example/" }, price: %s }
  - { id: b, uses: http, with: { url: "https://b.example/" }, price: %s }
  - { id: c, uses: http, with: { url: "https://c.example/" } }
`

func TestPrices(t *testing.T) {
	t.Run("are read exactly, with and without a currency", func(t *testing.T) {
		for text, want := range map[string]enrich.Price{
			"0.002":            {Nanos: 2_000_000},
			"0.002 USD":        {Nanos: 2_000_000, Currency: "USD"},
			`"12 EUR"`:         {Nanos: 12_000_000_000, Currency: "EUR"},
			"999999.999999999": {Nanos: 999_999_999_999_999},
		} {
			p, err := pipefile.Parse("p.yaml", fmt.Appendf(nil, priced, text, text), &pipefile.Options{Kinds: kinds()})
			if err != nil {
				t.Fatal(err)
			}
			if p.Steps[0].Price != want || p.Steps[2].Price != (enrich.Price{}) {
				t.Errorf("%s: got %+v, and without one %+v", text, p.Steps[0].Price, p.Steps[2].Price)
			}
		}
	})
	t.Run("of two currencies are a warning", func(t *testing.T) {
		for _, c := range []struct {
			a, b string
			want int
		}{{"1 USD", "2 USD", 0}, {"1 USD", "2 EUR", 1}, {"1", "2 EUR", 1}, {"1", "2", 0}} {
			warnings, err := pipefile.Lint("p.yaml", fmt.Appendf(nil, priced, c.a, c.b), &pipefile.Options{Kinds: kinds()})
			if err != nil {
				t.Fatal(err)
			}
			got := 0
			for _, w := range warnings {
				if strings.Contains(w.Message, "another currency") {
					got++
				}
			}
			if got != c.want {
				t.Errorf("%s and %s: %d warnings, want %d", c.a, c.b, got, c.want)
			}
		}
	})
}

func TestTheDigestOfAStepIsWhatItSays(t *testing.T) {
	digest := func(step string) string {
		t.Helper()
		p, err := pipefile.Parse("p.yaml", []byte("version: 1\npools: [eu-west-1_Ab12cd34E]\nsteps:\n"+step), &pipefile.Options{Kinds: kinds()})
		if err != nil {
			t.Fatal(err)
		}
		return p.Steps[0].Digest
	}
	first := digest("  - { id: a, uses: http, timeout: 5s, with: { url: \"https://a.example/\" } }\n")
	for name, step := range map[string]string{
		"comments and layout":  "  - id: a # the first\n    uses: http\n    timeout: 5s\n    with:\n      url: https://a.example/\n",
		"the order of keys":    "  - { with: { url: \"https://a.example/\" }, id: a, timeout: 5s, uses: http }\n",
		"the quotes of a text": "  - { id: 'a', uses: http, timeout: \"5s\", with: { url: 'https://a.example/' } }\n",
	} {
		if digest(step) != first {
			t.Errorf("%s changed it", name)
		}
	}
	for name, step := range map[string]string{
		"a value":       "  - { id: a, uses: http, timeout: 6s, with: { url: \"https://a.example/\" } }\n",
		"a key":         "  - { id: a, uses: http, with: { url: \"https://a.example/\" } }\n",
		"what is below": "  - { id: a, uses: http, timeout: 5s, with: { url: \"https://b.example/\" } }\n",
	} {
		if digest(step) == first {
			t.Errorf("%s did not change it", name)
		}
	}
}
