package pipefile

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/expr"
)

// secretKeys are names under "with" whose value is a secret, whatever the connector.
var secretKeys = []string{"authorization", "bearer", "token", "password", "secret", "api-key", "api_key", "apikey",
	"x-api-key", "client-secret", "client_secret",
	"private-key", "private_key"}

// literalSecret warns of a secret written into the file, without showing it.
func (r *reader) literalSecret(key string, n *yaml.Node) {
	if !slices.Contains(secretKeys, strings.ToLower(key)) || n.Kind != yaml.ScalarNode ||
		n.Value == "" || strings.Contains(n.Value, "${{") {
		return
	}
	r.Warn(n, fmt.Sprintf("%s looks like a secret in plain text", key),
		"write ${{ secrets.NAME }} and keep the value out of the file")
}

// lint looks for what is allowed but was probably not meant.
func (r *reader) lint() {
	r.lintPrices()
	sources := r.sources()
	for _, d := range r.steps {
		if never(d.step.If) {
			r.Warn(d.keys["if"].Value, fmt.Sprintf("the step %s never runs: its condition is always false", d.step.ID), "")
		}
		unsafe := d.step.Connector != nil && d.step.Class == enrich.Unsafe
		if unsafe && len(r.attributes) > 0 && !slices.Contains(sources, d.step.ID) && !r.before(d)[enrich.AttributesStep] {
			r.Warn(d.uses(), fmt.Sprintf("the step %s may run before the attributes are written", d.step.ID),
				"needs: [attributes] makes it wait for them")
		}
	}
}

// never tells whether a condition reads nothing and is false.
func never(p *expr.Program) bool {
	if p == nil || len(p.Uses()) > 0 {
		return false
	}
	v, err := p.Eval(context.Background(), nil)
	return err == nil && v == false
}
