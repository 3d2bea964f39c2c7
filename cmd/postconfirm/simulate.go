package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/postconfirm/postconfirm/trigger/presignup"
)

// simulated is one event and what the policy decides about it.
type simulated struct {
	path string
	presignup.Decision
}

// verifies names the attributes that would count as verified.
func (s simulated) verifies() (names []string) {
	if s.VerifyEmail {
		names = append(names, "email")
	}
	if s.VerifyPhone {
		names = append(names, "phone_number")
	}
	return names
}

// show prints a table for people, or one object a line for machines.
func show(w io.Writer, all []simulated, asJSON bool) error {
	if asJSON {
		encoder := json.NewEncoder(w)
		for _, s := range all {
			if err := encoder.Encode(s.object()); err != nil {
				return err
			}
		}
		return nil
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "event\tdecision\trule\treason\tand")
	for _, s := range all {
		rule := s.Rule
		if rule == "" {
			rule = "-"
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", printable(s.path), s.Outcome, rule, s.Reason, s.more())
	}
	return table.Flush()
}

// more is the rest of a decision in words.
func (s simulated) more() string {
	var all []string
	if s.Message != "" {
		all = append(all, fmt.Sprintf("the person reads %q", s.Message))
	}
	if names := s.verifies(); len(names) > 0 {
		all = append(all, "verifies "+strings.Join(names, ", "))
	}
	if names := s.Asks(); len(names) > 0 {
		all = append(all, "if the pool has nobody with this "+strings.Join(names, ", "))
	}
	if s.Rehearsal {
		all = append(all, "no event of Cognito's: nobody is asked")
	}
	return strings.Join(all, "; ")
}

// object is a decision for machines.
func (s simulated) object() any {
	return struct {
		Event     string   `json:"event"`
		Outcome   string   `json:"outcome"`
		Rule      string   `json:"rule,omitempty"`
		Reason    string   `json:"reason"`
		Trigger   string   `json:"trigger,omitempty"`
		Message   string   `json:"message,omitempty"`
		Verify    []string `json:"verify,omitempty"`
		Asks      []string `json:"asks,omitempty"`
		Rehearsal bool     `json:"rehearsal,omitempty"`
	}{s.path, s.Outcome, s.Rule, s.Reason, s.Source, s.Message, s.verifies(), s.Asks(), s.Rehearsal}
}

// expect holds the decisions to what they should be; without an expectation each event must be readable.
func expect(all []simulated, want string) error {
	var wrong []string
	for _, s := range all {
		fits := s.Outcome != presignup.Unreadable
		switch want {
		case "":
		case "allow":
			fits = fits && s.Outcome != presignup.Deny
		default:
			fits = s.Outcome == want
		}
		if !fits {
			wrong = append(wrong, fmt.Sprintf("%s is %s (%s)", printable(s.path), s.Outcome, s.Reason))
		}
	}
	if len(wrong) == 0 {
		return nil
	}
	what := "every event decided"
	if want != "" {
		what = want
	}
	return &problem{err: fmt.Errorf("want %s: %s", what, strings.Join(wrong, ", ")), code: exitFailed}
}
