// Package iam is the truth about rights: which AWS actions each program can call. ACTIONS.json is derived from the code by
// deploy/iam/derive, from the call graph of each main function; templates are held against it by tests.
//
// It promises that a right which no program uses, and a call for which no right is given, are both noticed: a policy
// equals the derived set and what Beside names, no more and no less.
//
// It says nothing about resources: the tests of the templates do. It does not see calls by reflection, of which this
// module has none.
package iam

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"slices"
)

//go:embed ACTIONS.json
var derived []byte

// The programs of ACTIONS.json that run unattended. Operators' commands are "postconfirm ledger list" and so on.
const (
	Trigger  = "trigger"
	PreSign  = "presignup"
	Daemon   = "worker"
	Function = "worker (Lambda)"
)

// Truth gives the actions of each program, sorted, by the program's name. It reads what is compiled in.
func Truth() (map[string][]string, error) {
	var all map[string][]string
	if err := json.Unmarshal(derived, &all); err != nil {
		return nil, fmt.Errorf("iam: read ACTIONS.json: %w", err)
	}
	return all, nil
}

// Encode writes the truth as ACTIONS.json has it.
func Encode(all map[string][]string) ([]byte, error) {
	out, err := json.MarshalIndent(all, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("iam: encode: %w", err)
	}
	return append(out, '\n'), nil
}

// Union is all actions of several programs, sorted, each once. A program that the truth does not know is an error.
func Union(truth map[string][]string, programs ...string) ([]string, error) {
	var all []string
	for _, p := range programs {
		actions, known := truth[p]
		if !known {
			return nil, fmt.Errorf("iam: no program is called %q", p)
		}
		all = append(all, actions...)
	}
	slices.Sort(all)
	return slices.Compact(all), nil
}
