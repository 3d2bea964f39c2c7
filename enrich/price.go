package enrich

import (
	"fmt"
	"strings"
)

// Price is what one call of a step costs, as its pipeline file says: for plans, which count calls before they are made.
// Nothing is ever charged by it. The zero Price is one that nobody stated.
type Price struct {
	Nanos    int64  // billionths of the currency's unit
	Currency string // three capital letters; "" if the file names none
}

// String is the price as the file may say it: "0.002 USD", "0.002".
func (p Price) String() string {
	text := fmt.Sprintf("%d.%09d", p.Nanos/1e9, p.Nanos%1e9)
	text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
	if p.Currency == "" {
		return text
	}
	return text + " " + p.Currency
}
