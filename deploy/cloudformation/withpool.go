package cloudformation

import (
	"fmt"
	"strings"
)

// The marks of template.yaml, each a line of its own.
const (
	markBegin   = "# existing pool only: begin"
	markEnd     = "# existing pool only: end"
	markPool    = "# existing pool only: pool"
	markOutputs = "# existing pool only: outputs"
)

// header is what with-pool.yaml begins with, in place of what template.yaml says.
const header = `# Made from template.yaml and parts/: go test ./deploy/cloudformation -update
AWSTemplateFormatVersion: "2010-09-09"
Description: >-
  postconfirm with a Cognito user pool of its own: pool, queue, trigger, worker, ledger, alarms.
`

// WithPool makes the template of a stack that owns its pool from the one for a pool that exists: what stands between the
// marks goes, the pool and its outputs come, and every use of the parameter UserPoolId is a reference to the pool.
func WithPool(template, pool, outputs string) (string, error) {
	_, rest, ok := strings.Cut(template, "\nParameters:\n")
	if !ok {
		return "", fmt.Errorf("cloudformation: with pool: no section Parameters")
	}
	var out strings.Builder
	out.WriteString(header + "\nParameters:\n")
	skip, seen := false, map[string]int{}
	for line := range strings.Lines(rest) {
		mark := strings.TrimSpace(line)
		seen[mark]++
		switch {
		case mark == markBegin:
			skip = true
		case mark == markEnd:
			skip = false
		case mark == markPool:
			out.WriteString(pool)
		case mark == markOutputs:
			out.WriteString(outputs)
		case !skip:
			out.WriteString(owned(line))
		}
	}
	if seen[markPool] != 1 || seen[markOutputs] != 1 || seen[markBegin] != seen[markEnd] {
		return "", fmt.Errorf("cloudformation: with pool: the marks of the template are not whole")
	}
	return out.String(), nil
}

// owned takes the parameter out of a line: the pool's id is the resource's.
func owned(line string) string {
	return strings.NewReplacer("${UserPoolId}", "${Pool}", "!Ref UserPoolId", "!Ref Pool").Replace(line)
}
