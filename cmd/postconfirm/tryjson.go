package main

import (
	"github.com/postconfirm/postconfirm/enrich/event"
	"github.com/postconfirm/postconfirm/worker/rehearse"
)

// tryObject is a rehearsal for machines. A value is null, {"length":8}, or with --show a string.
type tryObject struct {
	Run        string         `json:"run"`
	Pool       string         `json:"pool"`
	Sub        string         `json:"sub"`
	Write      bool           `json:"write"`
	Outcome    string         `json:"outcome"`
	Reason     string         `json:"reason,omitempty"`
	Steps      []tryStep      `json:"steps"`
	Attributes []tryAttribute `json:"attributes"`
	Flags      []string       `json:"flags,omitempty"`
}

type tryStep struct {
	ID      string         `json:"id"`
	Uses    string         `json:"uses"`
	Class   string         `json:"class,omitempty"`
	At      string         `json:"at,omitempty"`
	Did     rehearse.Did   `json:"did"`
	Outcome string         `json:"outcome,omitempty"`
	Code    string         `json:"code,omitempty"`
	Again   bool           `json:"again,omitempty"`
	Behind  []string       `json:"behind,omitempty"`
	Calls   int            `json:"calls"`
	MS      float64        `json:"ms"`
	Answer  map[string]any `json:"answer,omitempty"`
	Writes  int            `json:"writes,omitempty"`
}

type tryAttribute struct {
	Name    string          `json:"name"`
	Mode    string          `json:"mode"`
	Change  rehearse.Change `json:"change"`
	Now     any             `json:"now"`
	Would   any             `json:"would"`
	Why     string          `json:"why,omitempty"`
	Unknown []string        `json:"unknown,omitempty"`
}

func (v tryView) object(m event.Message, r *rehearse.Report) tryObject {
	o := tryObject{Run: r.Run, Pool: m.Pool, Sub: m.Sub, Write: r.Wrote, Outcome: r.Outcome, Reason: r.Reason, Flags: r.Flags,
		Steps: make([]tryStep, len(r.Steps)), Attributes: make([]tryAttribute, len(r.Attributes))}
	for i, s := range r.Steps {
		answer := map[string]any{}
		for _, f := range s.Answer {
			answer[f.Path] = v.value(f.Value)
		}
		o.Steps[i] = tryStep{ID: s.ID, Uses: s.Uses, Class: s.Class, At: s.At, Did: s.Did, Outcome: s.Outcome, Code: s.Code,
			Again: s.Again, Behind: s.Behind, Calls: s.Calls, MS: milliseconds(s.Took), Answer: answer, Writes: s.Writes}
	}
	for i, a := range r.Attributes {
		o.Attributes[i] = tryAttribute{Name: a.Name, Mode: a.Mode, Change: a.Change, Now: v.value(a.Now), Would: v.value(a.Would),
			Why: a.Why, Unknown: a.Unknown}
	}
	return o
}

func (v tryView) value(value rehearse.Value) any {
	switch {
	case value.None():
		return nil
	case v.show:
		return value.Reveal()
	}
	return value
}
