package worker_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/connect"
	httpstep "github.com/postconfirm/postconfirm/enrich/connect/http"
	"github.com/postconfirm/postconfirm/enrich/enrichtest/pretend"
	"github.com/postconfirm/postconfirm/enrich/expr"
	"github.com/postconfirm/postconfirm/worker"
)

// What users choose themselves (C3 of our list of bad inputs) goes through the worker as plain text: into a body, into an
// attribute, and into nothing else. Row 79 is in package app, 80 and 83 in the trigger's metadata_test.go, the limits of
// row 68 also in matrix_pool_test.go. What mails do with names (63, 65, 69) is held in package ses, and every sink of every
// connector in package all. The rows of C6 are held in package enrich/connect, 131 and 132 also in threats_test.go, 138, 140
// and 142 in hubspot, ses and sql, 141 in package amazon, 143 by the suite in enrich/enrichtest and in threats_test.go. Of C5, 114 can't happen, since the key of a run is a hash of
// who it is, and 121 is not offered: nobody signs messages.

// naming makes a step that tells a vendor the user's given name, in the way that change says.
func naming(t *testing.T, change func(*httpstep.Config)) (*pretend.Vendor, *enrich.Pipeline) {
	t.Helper()
	v := pretend.New(pretend.JSON(200, found))
	t.Cleanup(v.Close)
	client := connect.NewClient(&connect.Options{Dial: v.Dial})
	t.Cleanup(client.Close)
	c := httpstep.Kind(client).Config().(*httpstep.Config)
	c.URL, c.AllowHTTP, c.Method = template(t, "http://api.example.com/find"), true, "PUT"
	change(c)
	connector, err := c.Connector()
	if err != nil {
		t.Fatal(err)
	}
	p := company(t, connector)
	p.Steps[0].Fields = []expr.Path{{"status"}}
	p.Attributes = []enrich.Attribute{{Name: "custom:note", Value: template(t, "${{ user.given_name }}")}}
	return v, p
}

// named confirms a user who has chosen a name, and lets a worker work.
func (w *world) named(name string) (sub string) {
	w.t.Helper()
	w.add(types.SchemaAttributeType{Name: aws.String("note"), AttributeDataType: types.AttributeDataTypeString, Mutable: aws.Bool(true),
		StringAttributeConstraints: &types.StringAttributeConstraintsType{MaxLength: aws.String("2048")}})
	sub = w.confirm("ada@acme.example")
	w.set(sub, "given_name", name)
	w.work(time.Minute)
	return sub
}

func TestWhatUsersChooseIsPlainText(t *testing.T) {
	for name, value := range map[string]string{
		"C3-63 a script":              `<script>alert(1)</script>`,
		"C3-63 an image":              `<img src=x onerror=alert(1)>`,
		"C3-64 a template of Go":      `{{.Secret}} {{7*7}}`,
		"C3-64 a template of ours":    `${{ secrets.TOKEN }}`,
		"C3-64 a lookup":              `${jndi:ldap://x} %s%n $(id)`,
		"C3-65 a sentence":            `Your account is locked visit evil.example now`,
		"C3-68 500 emoji":             strings.Repeat("😀", 500),
		"C3-69 only blanks":           "   \u200b\u2060",
		"C3-69 from right to left":    "\u202eada\u0334\u0335",
		"C3-70 null":                  "null",
		"C3-70 undefined":             "undefined",
		"C3-70 true":                  "true",
		"C3-70 zero":                  "0",
		"C3-70 a dash":                "-",
		"C3-70 NaN":                   "NaN",
		"C3-71 SQL":                   `'; DROP TABLE users;-- \ % _`,
		"C3-75 a path":                "../../etc/passwd",
		"C3-76 a telephone":           "tel:+0",
		"C3-77 a date":                "0000-00-00",
		"C3-85 what a secret is like": "canary-secret-of-ours",
	} {
		in(t, name, func(t *testing.T, on face) {
			v, p := naming(t, func(c *httpstep.Config) {
				c.JSON = expr.Map([]string{"name"}, map[string]*expr.Tree{"name": expr.Leaf(template(t, "${{ user.given_name }}"))})
			})
			w := newWorld(t, on, p)
			sub := w.named(value)
			expect(t, "run", w.run(sub).State, worker.Done)
			expect(t, "attribute", w.attributes(sub)["custom:note"], value)
			var body struct{ Name string }
			if seen := v.Seen(); len(seen) != 1 || json.Unmarshal(seen[0].Body, &body) != nil || body.Name != value {
				t.Errorf("the vendor got %q", body.Name)
			}
			if len(value) > len("undefined") && strings.Contains(w.log.String(), value) {
				t.Errorf("the log has it")
			}
		})
	}
}

func TestWhatUsersChooseIsNoStructure(t *testing.T) {
	header := func(t *testing.T, c *httpstep.Config) {
		c.Headers = map[string]*expr.Template{"X-Name": template(t, "${{ user.given_name }}")}
	}
	path := func(t *testing.T, c *httpstep.Config) {
		c.URL = template(t, "http://api.example.com/locales/${{ default(user.given_name, 'en') }}/x")
	}
	for name, c := range map[string]struct {
		value  string
		change func(*testing.T, *httpstep.Config)
		code   string
	}{
		"C3-74 a header with a line end":   {"a\r\nX-Admin: yes", header, connect.CodeBadHeader},
		"C3-74 a header that is not ASCII": {"é", header, connect.CodeBadHeader},
		"C3-75 a way out of the path":      {"../../etc/passwd", path, connect.CodeBadURL},
	} {
		in(t, name+" is never sent", func(t *testing.T, on face) {
			v, p := naming(t, func(config *httpstep.Config) { c.change(t, config) })
			w := newWorld(t, on, p)
			sub := w.named(c.value)
			expect(t, "run", w.run(sub).State, worker.Parked)
			expect(t, "letter", w.letter(), c.code)
			expect(t, "requests", len(v.Seen()), 0)
		})
	}
	in(t, "C3-77 a date where the pool wants a number: dropped and flagged, the rest is written", func(t *testing.T, on face) {
		p := company(t, answers(acme))
		p.Attributes = append(p.Attributes, enrich.Attribute{Name: "custom:born", Value: template(t, "${{ user.given_name }}")})
		w := newWorld(t, on, p)
		w.add(types.SchemaAttributeType{Name: aws.String("born"), AttributeDataType: types.AttributeDataTypeNumber, Mutable: aws.Bool(true)})
		sub := w.confirm("ada@acme.example")
		w.set(sub, "given_name", "0000-00-00")
		w.work(time.Minute)
		w.onboarded(sub)
		expect(t, "flags", strings.Join(w.run(sub).Flags, ","), "attribute custom:born: not_a_number")
	})
	in(t, "C3-79 what a user has set beforehand is no answer of ours: it is written over", func(t *testing.T, on face) {
		w := newWorld(t, on, company(t, answers(acme)))
		sub := w.confirm("ada@acme.example")
		w.set(sub, "custom:company", "The Bank")
		w.work(time.Minute)
		w.onboarded(sub)
	})
}
