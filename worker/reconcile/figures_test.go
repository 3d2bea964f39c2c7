package reconcile_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/expr"
	"github.com/postconfirm/postconfirm/worker/reconcile"
)

func pipeline() *enrich.Pipeline {
	return &enrich.Pipeline{Limits: enrich.Limits{CognitoWrites: 10}, Attributes: []enrich.Attribute{{Name: "custom:plan"}},
		Steps: []enrich.Step{
			{ID: "company", Uses: "http", Class: enrich.Read, If: &expr.Program{}},
			{ID: "crm", Uses: "hubspot", Class: enrich.Keyed},
			{ID: "welcome", Uses: "ses", Class: enrich.Unsafe}}}
}

func TestWhatItCosts(t *testing.T) {
	got := reconcile.Estimate(pipeline(), reconcile.Scope{Steps: []string{"company"}}, 6000, 5, 1500, 5)
	want := reconcile.Figures{Users: 6000, Writes: 6000, Reads: 6000, Active: 6000, Sending: 20 * time.Minute, Budget: 10 * time.Minute,
		List: 1500, ListTime: 5 * time.Minute, Calls: []reconcile.Calls{
			{Step: "company", Uses: "http", Class: "read", Calls: 6000, If: true},
			{Step: "crm", Uses: "hubspot", Class: "keyed", Never: true},
			{Step: "welcome", Uses: "ses", Class: "unsafe", Never: true}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if got := reconcile.Estimate(pipeline(), reconcile.Scope{}, 7, 5, 1, 5); got.Calls[2].Calls != 7 || got.Calls[2].Never {
		t.Errorf("without a choice: %+v", got.Calls[2])
	}
	nothing := &enrich.Pipeline{Limits: enrich.Limits{CognitoWrites: 10}}
	if got := reconcile.Estimate(nothing, reconcile.Scope{}, 7, 5, 1, 5); got.Writes != 0 || got.Budget != 0 || got.Active != 7 {
		t.Errorf("without attributes: %+v", got)
	}
}

func TestUnsafeStepsAreOffUnlessNamed(t *testing.T) {
	if diff := cmp.Diff([]string{"company", "crm"}, reconcile.Safe(pipeline(), nil)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"company", "crm", "welcome"}, reconcile.Safe(pipeline(), []string{"welcome"})); diff != "" {
		t.Error(diff)
	}
	if got := reconcile.Safe(&enrich.Pipeline{}, nil); got == nil {
		t.Error("no step at all reads as all steps")
	}
}
