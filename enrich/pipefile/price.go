package pipefile

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/postconfirm/postconfirm/enrich"
)

// priceText is a price as a file may say it: at most six digits before the point and nine behind it.
var priceText = regexp.MustCompile(`^([0-9]{1,6})(?:\.([0-9]{1,9}))?(?: ([A-Z]{3}))?$`)

// readPrice reads what one call costs. Plans multiply it; nothing else looks at it.
func (r *reader) readPrice(d *draft) {
	e := d.keys["price"]
	if !e.Present() {
		return
	}
	price, ok := readPrice(e.Value)
	switch {
	case !ok:
		r.Wants(e.Value, "price", "what one call costs, like 0.002 or 0.002 USD", "digits and a point, then, if you like, three capital letters")
	case price.Nanos == 0:
		r.At(e.Value, "price is zero", "a step that costs nothing needs no price")
	}
	d.step.Price = price
}

func readPrice(n *yaml.Node) (p enrich.Price, ok bool) {
	part := priceText.FindStringSubmatch(n.Value)
	if n.Kind != yaml.ScalarNode || part == nil {
		return p, false
	}
	nanos, err := strconv.ParseInt(part[1]+part[2]+strings.Repeat("0", 9-len(part[2])), 10, 64)
	return enrich.Price{Nanos: nanos, Currency: part[3]}, err == nil
}

// lintPrices warns of a file whose prices can't be added up.
func (r *reader) lintPrices() {
	var first *draft
	for _, d := range r.steps {
		switch {
		case d.step.Price.Nanos == 0:
		case first == nil:
			first = d
		case d.step.Price.Currency != first.step.Price.Currency:
			r.Warn(d.keys["price"].Value, fmt.Sprintf("the price of %s has another currency than that of %s", d.step.ID, first.step.ID),
				"a plan gives a sum for each")
			return
		}
	}
}
