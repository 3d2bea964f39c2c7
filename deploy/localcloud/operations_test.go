package localcloud_test

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/postconfirm/postconfirm/deploy/localcloud"
	"github.com/postconfirm/postconfirm/deploy/localcloud/awsjson"
)

var update = flag.Bool("update", false, "write the golden files, OPERATIONS.md among them")

// titles are what people call the services.
var titles = map[string]string{"sqs": "Amazon SQS", "cognito-idp": "Amazon Cognito user pools"}

const preface = `# What the local cloud offers, operation by operation

This page is made of the tables in the code: ` + "`go test ./deploy/localcloud -run TestOperationsPage -update`" + ` writes it, and the same test
without the flag fails when it is old.

What is listed under *faithful* is held by tests that go through AWS's own SDK for Go. Sources are pages of AWS's API references and developer
guides by their names; *recorded* is what AWS is publicly recorded to answer where those are silent.

In general:

- Nothing is stored on disk or encrypted, and nobody is asked who they are: signatures and permissions are not looked at.
- There is one account and one Region, and everything happens at once and in one place. Delays, losses, throttling, duplicates, disorder, stale
  lists and wrong clocks come only when they are switched on.
- An operation that is not offered is an UnknownOperationException with the reason. A member of the API that is not offered is a typed error with
  its name, unless its value is empty. A member that the API does not have is ignored, as AWS ignores it.
- Quotas hold when they are switched on, and are shared by all pools of the account.
- A member that is *kept* is checked for its shape, shown again and reset like any other, and changes nothing else.
- Names of members are read without regard to upper and lower case; AWS minds.
- The older Query protocol of SQS is refused, in XML.
`

func TestOperationsPage(t *testing.T) {
	var page strings.Builder
	page.WriteString(preface)
	c := localcloud.New(nil)
	for _, a := range apis() {
		c.Register(a.service)
		describe(&page, a.service.Wire())
	}
	describeFaults(&page, c)
	page.WriteString("\n## The control surface\n\nWriting needs `Content-Type: application/json`; all of it answers to loopback names only.\n\n")
	for _, r := range c.Routes() {
		fmt.Fprintf(&page, "- `%s` %s\n", r.Name, r.About)
	}
	const path = "OPERATIONS.md"
	if *update {
		if err := os.WriteFile(path, []byte(page.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	written, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(written), page.String()); diff != "" {
		t.Errorf("%s is old; run this test with -update (-written +tables):\n%s", path, diff)
	}
}

// describe writes a service's part of the page.
func describe(page *strings.Builder, wire *awsjson.Service) {
	fmt.Fprintf(page, "\n## %s\n\n`%s`, %d operations.\n", titles[wire.Name], wire.Target, len(wire.Operations))
	for _, name := range slices.Sorted(maps.Keys(wire.Operations)) {
		describeOperation(page, name, wire.Operations[name])
	}
	fmt.Fprintf(page, "\n### Not offered\n\n")
	reasons := map[string][]string{}
	for name, why := range wire.Missing {
		reasons[why] = append(reasons[why], name)
	}
	for _, why := range slices.Sorted(maps.Keys(reasons)) {
		slices.Sort(reasons[why])
		fmt.Fprintf(page, "- %s: %s\n", why, strings.Join(reasons[why], ", "))
	}
}

func describeOperation(page *strings.Builder, name string, o awsjson.Operation) {
	fmt.Fprintf(page, "\n### %s\n\n- Faithful: %s\n", name, o.About.Faithful)
	if o.About.Differs != "" {
		fmt.Fprintf(page, "- Not like AWS: %s\n", o.About.Differs)
	}
	if o.Quota != "" {
		fmt.Fprintf(page, "- Quota: %s\n", o.Quota)
	}
	fmt.Fprintf(page, "- Source: %s\n", o.About.Source)
	members := map[awsjson.Handling]map[string][]string{}
	for _, m := range awsjson.Members(o.Input) {
		if members[m.Handling] == nil {
			members[m.Handling] = map[string][]string{}
		}
		members[m.Handling][m.Why] = append(members[m.Handling][m.Why], "`"+m.Path+"`")
	}
	if all := members[awsjson.CarriedOut][""]; len(all) > 0 {
		fmt.Fprintf(page, "- Carried out: %s\n", strings.Join(all, ", "))
	}
	for _, h := range []struct {
		handling awsjson.Handling
		words    string
	}{{awsjson.Kept, "Kept"}, {awsjson.Idle, "Without effect, as in AWS"}, {awsjson.Invalid, "Refused as in AWS"}, {awsjson.NotOffered, "Refused"}} {
		for _, why := range slices.Sorted(maps.Keys(members[h.handling])) {
			fmt.Fprintf(page, "- %s: %s (%s)\n", h.words, strings.Join(members[h.handling][why], ", "), why)
		}
	}
}

// faultWords say what each fault does, by its name in JSON.
var faultWords = map[string]string{
	"latency":         "is waited out before the call is looked at (\"200ms\")",
	"outage":          "answers every call with 503 (true)",
	"throttle":        "lets so many calls a second through; the others get the service's typed error",
	"errorRate":       "is the share of calls that end with an internal error, undone",
	"lostRate":        "is the share of calls that are carried out and whose answer is lost",
	"duplicateRate":   "is the share of received messages that are delivered once more, deleted or not",
	"duplicateWithin": "is how long after the receive that is, at most (\"1m\" if nothing is said)",
	"reorderRate":     "is the share of deliveries that are out of turn",
	"clockSkew":       "is how far the clock is ahead (\"90s\"), or behind (\"-90s\"): in dates and time stamps",
}

func describeFaults(page *strings.Builder, c *localcloud.Cloud) {
	page.WriteString("\n## Faults\n\nOne throw of the cloud's dice decides each, so that a seed gives the same sequence again. Put where it does nothing, a fault is refused.\n\n" +
		"| fault | where | what it does |\n|---|---|---|\n")
	for _, name := range faultNames() {
		var places []string
		for _, a := range apis() {
			wire := a.service.Wire()
			switch own := slices.Contains(wire.Suffers, name); {
			case own && wire.Resource != "":
				places = append(places, fmt.Sprintf("`%s`: `*`, `%s:NAME`", wire.Name, wire.Resource))
			case own:
				places = append(places, fmt.Sprintf("`%s`: `*`", wire.Name))
			}
		}
		if len(places) == 0 {
			places = []string{"any operation, or `*`"}
		}
		fmt.Fprintf(page, "| `%s` | %s | %s |\n", name, strings.Join(places, "; "), faultWords[name])
	}
}

// faultNames are the faults there are, in the order of the type.
func faultNames() (names []string) {
	for i := range reflect.TypeFor[localcloud.Fault]().NumField() {
		name := reflect.TypeFor[localcloud.Fault]().Field(i).Name
		names = append(names, strings.ToLower(name[:1])+name[1:])
	}
	return names
}

func TestEveryFaultAndEveryOperationIsDescribed(t *testing.T) {
	if diff := cmp.Diff(slices.Sorted(slices.Values(faultNames())), slices.Sorted(maps.Keys(faultWords))); diff != "" {
		t.Errorf("faults (-there +described):\n%s", diff)
	}
	for _, a := range apis() {
		for name, o := range a.service.Wire().Operations {
			if o.About.Faithful == "" || o.About.Source == "" {
				t.Errorf("%s: %+v", name, o.About)
			}
		}
		for name, r := range a.service.Wire().Local {
			if r.About == "" {
				t.Errorf("%s says nothing", name)
			}
		}
	}
}
