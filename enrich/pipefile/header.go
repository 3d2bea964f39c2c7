package pipefile

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/yamldoc"
)

// What Cognito's UserUpdate category allows, for the whole account and Region, and what of it one deployment takes
// if the file says nothing (Amazon Cognito developer guide, Quotas).
const (
	minWrites     = 1
	maxWrites     = 25
	defaultWrites = 15
)

// poolID is a user pool's id (AWS API reference, UserPoolType: at most 55 characters).
var poolID = regexp.MustCompile(`^[a-z]{2,}(-[a-z0-9]+)+_[0-9A-Za-z]+$`)

const maxPoolID = 55

// version tells whether the rest can be understood: a newer file must not be read as if it were an old one.
func (r *reader) version(n *yaml.Node) bool {
	if yamldoc.IsNothing(n) {
		return true // said with the other keys
	}
	v, ok := r.Integer(n, "version")
	if ok && v != 1 {
		r.Forget(0)
		r.At(n, fmt.Sprintf("version %d is not known", v), "this program reads version 1")
	}
	return !ok || v == 1
}

func (r *reader) pools(root *yaml.Node, e yamldoc.Entry) []string {
	if !e.Present() {
		if root.Kind == yaml.MappingNode && e.Missing() {
			r.At(root, `"pools" is missing`, "name the user pools that may be touched: pools: [eu-west-1_Ab12cd34E]")
		}
		return nil
	}
	var pools []string
	seen := map[string]bool{}
	items := r.List(e.Value, "pools")
	for _, n := range items {
		id, ok := r.Text(n, "a pool")
		switch {
		case !ok:
		case len(id) > maxPoolID || !poolID.MatchString(id):
			r.At(n, fmt.Sprintf("%q is no user pool's id", yamldoc.Short(id)),
				"it looks like eu-west-1_Ab12cd34E: Region, _, letters and digits")
		case seen[id]:
			r.At(n, fmt.Sprintf("the pool %s stands twice", id), "")
		default:
			seen[id] = true
			pools = append(pools, id)
		}
	}
	if len(items) == 0 && e.Value.Kind == yaml.SequenceNode {
		r.At(e.Value, "pools is empty", "name at least one user pool")
	}
	return pools
}

func (r *reader) limits(e yamldoc.Entry) enrich.Limits {
	limits := enrich.Limits{CognitoWrites: defaultWrites}
	if !e.Present() {
		return limits
	}
	keys := r.Keys(e.Value, "limits", []string{"cognito-writes"}, nil)
	if e := keys["cognito-writes"]; e.Present() {
		limits.CognitoWrites = r.rate(e.Value, "cognito-writes", minWrites, maxWrites, "25/s is what Cognito allows for the whole account and Region")
	}
	return limits
}

// rate reads a number of calls per second within bounds.
func (r *reader) rate(n *yaml.Node, what string, low, high float64, why string) float64 {
	value, isRate := strings.CutSuffix(n.Value, "/s")
	v, err := strconv.ParseFloat(value, 64)
	switch {
	case n.Kind != yaml.ScalarNode, !isRate, err != nil, strings.Trim(value, "0123456789.-") != "":
		hint := ""
		if _, isNumber := yamldoc.Number(n); isNumber {
			hint = fmt.Sprintf("write %s/s", n.Value)
		}
		r.Wants(n, what, "a rate like 15/s", hint)
	case v < low || v > high:
		r.At(n, fmt.Sprintf("%s must be %g/s to %g/s", what, low, high), why)
	}
	return v
}
