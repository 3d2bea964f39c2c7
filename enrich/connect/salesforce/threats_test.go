package salesforce_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/connect/salesforce"
	"github.com/postconfirm/postconfirm/enrich/enrichtest/pretend"
)

// D9: an external id that would lead out of its place, if a gateway before the org decoded it, is not sent. One that only
// wanders within it is somebody's id.
func TestThreatD9AnExternalIdLeadsNowhere(t *testing.T) {
	for value, sent := range map[string]bool{
		"a.b": true, "...": true, "a..b": true, "..a": true, "a/b": true, "' OR Id != '": true, "%2e%2e": true, "a/../b": true, "a/./b": true, "https://a.example/x": true,
		"..": false, ".": false, "../../Account/001": false, `..\..\x`: false, "..;/x": false, "x/..": false, "./": false, "a/../../b": false,
	} {
		in(t, asItIs, func(t *testing.T, s enrich.Connector, v *pretend.Vendor) {
			all := vars()
			all["user"].(map[string]any)["sub"] = value
			_, err := s.Run(t.Context(), enrich.Call{Vars: all})
			if !sent {
				if e := enrich.Failure(err); e.Kind != enrich.Permanent || e.Code != salesforce.CodeBadValue || e.Sent || len(v.Seen()) != 0 {
					t.Errorf("%q: got %v after %d requests", value, err, len(v.Seen()))
				}
			} else if err != nil || len(v.Seen()) != 2 {
				t.Errorf("%q: %v", value, err)
			}
		}, pretend.JSON(201, saved))
	}
}

// D26, C6-131: an id that is none of Salesforce's is no id.
func TestThreatD26TheIdIsOneOfSalesforces(t *testing.T) {
	for id, want := range map[string]any{
		"003xx0000000001AAA": "003xx0000000001AAA", "003xx0000000001": "003xx0000000001", "003": "003",
		"": nil, "a b": nil, "003\u202e": nil, "003\x00": nil, "<script>": nil, "../x": nil, "003xx0000000001AAAB": nil, strings.Repeat("0", 50_000): nil,
	} {
		in(t, asItIs, func(t *testing.T, s enrich.Connector, _ *pretend.Vendor) {
			result, e := run(t, s)
			if diff := cmp.Diff(enrich.Result{"id": want, "created": true}, result); diff != "" || e != nil {
				t.Errorf("%.20q: %v (-want +got):\n%s", id, e, diff)
			}
		}, pretend.JSON(201, `{"success":true,"id":`+quoted(id)+`}`))
	}
}

func quoted(text string) string {
	b, _ := json.Marshal(text)
	return string(b)
}
