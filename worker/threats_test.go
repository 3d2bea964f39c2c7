package worker_test

import (
	"context"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/connect"
	httpstep "github.com/postconfirm/postconfirm/enrich/connect/http"
	"github.com/postconfirm/postconfirm/enrich/enrichtest/pretend"
	"github.com/postconfirm/postconfirm/worker"
)

// D26: what a vendor answers, hostile or compromised, on its way into the attributes that Cognito puts into tokens. The
// answers come over the wire, through the real http connector, the ledger and the write.
func TestThreatD26WhatAVendorSaysBecomesAnAttributeOnlyIfItFits(t *testing.T) {
	const company, note, born, website, address = "custom:company", "custom:note", "birthdate", "website", "address"
	for name, c := range map[string]struct{ attribute, answer, want, flag string }{
		"C6-131 HTML stays text":                      {note, `"<b>Acme</b> & Sons"`, "<b>Acme</b> & Sons", ""},
		"C6-131 emoji":                                {note, `"Acme \ud83d\ude00"`, "Acme 😀", ""},
		"C6-131 a name from right to left":            {note, `"\u05d0\u05d1\u200f"`, "\u05d0\u05d1\u200f", ""},
		"C6-131 a lone surrogate is replaced":         {note, `"a\ud800b"`, "a\ufffdb", ""},
		"C6-131 a score that is NaN, where a text is": {note, `"NaN"`, "NaN", ""},
		"C6-131 a score that is NaN":                  {"custom:score", `"NaN"`, "", "not_a_number"},
		"C6-131 50 KB":                                {note, `"` + strings.Repeat("x", 10<<10) + `"`, "", "too_long"},
		"C6-131 NUL":                                  {note, `"a\u0000b"`, "", "control_character"},
		"C6-131 an escape sequence":                   {note, `"\u001b[31mred"`, "", "control_character"},
		"C6-131 a C1 control":                         {note, `"a\u009bb"`, "", "control_character"},
		"C6-131 a header behind a line end":           {note, `"a\r\nX-Admin: yes"`, "", "control_character"},
		"C6-131 a line of Unicode's":                  {note, `"a\u2028b"`, "", "control_character"},
		"C6-131 an override of direction":             {note, `"\u202eemcA"`, "", "bidi_control"},
		"C6-131 an isolate":                           {note, `"a\u2066b\u2069"`, "", "bidi_control"},
		"C6-131 an address of two lines":              {address, `"1 High Street\nLondon"`, "1 High Street\nLondon", ""},
		"C6-131 an address with an escape sequence":   {address, `"1 High Street\u001b[2J"`, "", "control_character"},
		"C6-132 a null":                               {note, `null`, "", ""},
		"C6-132 nothing":                              {note, ``, "", ""},
		"C6-132 another type than last week":          {note, `{"name":"Acme"}`, "", "value_unreadable"},
		"C3-77 a day that is none":                    {born, `"0000-00-00"`, "", "attribute_rejected"},
		"C3-77 a month that is none":                  {born, `"9999-99-99"`, "", "attribute_rejected"},
		"C3-77 a day":                                 {born, `"1990-02-28"`, "1990-02-28", ""},
		"C3-77 a day without its year":                {born, `"0000-02-29"`, "0000-02-29", ""},
		"C3-77 a time before all times":               {"updated_at", `-1`, "", "too_small"},
		"D26 an address that runs":                    {website, `"javascript:alert(document.cookie)"`, "", "not_a_web_address"},
		"D26 an address that runs, hidden":            {website, `" jAvAsCrIpT:alert(1)"`, "", "not_a_web_address"},
		"D26 data for an address":                     {website, `"data:text/html,<script>alert(1)</script>"`, "", "not_a_web_address"},
		"D26 an address":                              {website, `"https://acme.example/?a=b#c"`, "https://acme.example/?a=b#c", ""},
		"D26 an address without its scheme":           {website, `"acme.example"`, "acme.example", ""},
		"D26 a role that the file does not name":      {company, `"admin"`, "", "not_one_of"},
		"D26 a role that the file names":              {company, `"user"`, "user", ""},
		"D26 a role that is nearly one":               {company, `"User "`, "", "not_one_of"},
	} {
		in(t, name, func(t *testing.T, on face) {
			p := told(t, c.answer, enrich.Attribute{Name: c.attribute, Value: template(t, "${{ steps.company.name }}")})
			if c.attribute == company {
				p.Attributes[0].OneOf = []string{"user", "guest"}
			}
			w := newWorld(t, on, p)
			w.add(types.SchemaAttributeType{Name: aws.String("note"), AttributeDataType: types.AttributeDataTypeString, Mutable: aws.Bool(true),
				StringAttributeConstraints: &types.StringAttributeConstraintsType{MaxLength: aws.String("2048")}},
				types.SchemaAttributeType{Name: aws.String("score"), AttributeDataType: types.AttributeDataTypeNumber, Mutable: aws.Bool(true)})
			sub := w.confirm("ada@acme.example")
			w.work(time.Minute)
			flag := ""
			if c.flag != "" {
				flag = "attribute " + c.attribute + ": " + c.flag
			}
			expect(t, "run", w.run(sub).State, worker.Done)
			expect(t, "attribute", w.attributes(sub)[c.attribute], c.want)
			expect(t, "flags", strings.Join(w.run(sub).Flags, ", "), flag)
		}, theDaemon)
	}
}

// told is a pipeline whose vendor answers with a JSON value under "name", or with no such key.
func told(t *testing.T, said string, attributes ...enrich.Attribute) *enrich.Pipeline {
	t.Helper()
	body := `{"name":` + said + `}`
	if said == "" {
		body = `{}`
	}
	_, p := vendorOf(t, get, pretend.JSON(200, body))
	p.Attributes = attributes
	return p
}

// D35, D36: what partners get to tell a repeat by is made of a hash and the step's name, whatever the user is called, and
// is the same on every try.
func TestThreatD35AKeyForAPartnerHasNothingOfAUserInIt(t *testing.T) {
	in(t, "D35 D36 the key of three tries and of two users", func(t *testing.T, on face) {
		v := pretend.New(pretend.Reply(503, nil, ""), pretend.Reply(503, nil, ""), pretend.JSON(200, found))
		t.Cleanup(v.Close)
		w := newWorld(t, on, asking(t, keyed, "http://api.example.com/find", v.Dial))
		var keys [2][]string
		seen := 0
		for i, email := range []string{"ada.lovelace@acme.example", "bartholomew@acme.example"} {
			sub := w.confirm(email)
			w.work(5 * time.Minute)
			w.onboarded(sub)
			for _, r := range v.Seen()[seen:] {
				key := r.Header.Get("Idempotency-Key")
				keys[i] = append(keys[i], key)
				for _, personal := range []string{email, "lovelace", "bartholomew", "@", sub, sub[:8], w.pool, "."} { // long enough not to be in a hash by chance
					if strings.Contains(key, personal) {
						t.Errorf("the key %q has %q in it", key, personal)
					}
				}
				if !keyForm.MatchString(key) {
					t.Errorf("the key is %q", key)
				}
			}
			seen = len(v.Seen())
		}
		expect(t, "tries of the first", len(keys[0]), 3)
		expect(t, "different keys of the first", len(slices.Compact(keys[0])), 1)
		expect(t, "keys shared", slices.Contains(keys[0], keys[1][0]), false)
	})
}

// keyForm is 128 bits of a hash, and the name that the file gives a step.
var keyForm = regexp.MustCompile(`^[0-9a-v]{26}-[a-z][a-z0-9_]*$`)

// D10: a burst of sign-ups is no burst of mails.
func TestThreatD10ARateHoldsBackABurst(t *testing.T) {
	in(t, "D10 a hundred users at once and ten mails a second: never eleven in one", func(t *testing.T, on face) {
		var mu sync.Mutex
		var sent []time.Time
		mails := &vendor{class: enrich.Unsafe, run: func(context.Context, enrich.Call, int) (enrich.Result, error) {
			mu.Lock()
			defer mu.Unlock()
			sent = append(sent, time.Now())
			return acme, nil
		}}
		p := company(t, mails)
		p.Steps[0].Rate = 10
		w := newWorld(t, on, p)
		subs := w.crowd(100)
		w.work(5 * time.Minute)
		for _, sub := range subs {
			expect(t, "run", w.run(sub).State, worker.Done)
		}
		expect(t, "mails", len(sent), 100)
		for i := 10; i < len(sent); i++ {
			if gap := sent[i].Sub(sent[i-10]); gap < 999*time.Millisecond {
				t.Fatalf("mails %d to %d within %v", i-10, i, gap)
			}
		}
	}, theDaemon)
}

// C6-143: a vendor that says back what it was told, our key included, in the words of its refusal.
func TestThreatC6143AnEchoIsNotWritten(t *testing.T) {
	in(t, "C6-143 a refusal that repeats our credentials is in no log, reason or letter", func(t *testing.T, on face) {
		const secret = "canary-bearer-token"
		v := pretend.New(pretend.Echo(400))
		t.Cleanup(v.Close)
		client := connect.NewClient(&connect.Options{Dial: v.Dial})
		t.Cleanup(client.Close)
		c := httpstep.Kind(client).Config().(*httpstep.Config)
		c.URL, c.AllowHTTP, c.Bearer = template(t, "http://api.example.com/find"), true, template(t, secret)
		connector, err := c.Connector()
		if err != nil {
			t.Fatal(err)
		}
		w := newWorld(t, on, company(t, connector))
		sub := w.confirm("ada@acme.example")
		w.work(time.Minute)
		expect(t, "run", w.run(sub).State, worker.Parked)
		expect(t, "letter", w.letter(), "http_400")
		if !v.Seen()[0].Contains(secret) {
			t.Fatal("nothing was there to be echoed")
		}
		text := w.log.String()
		for _, letter := range w.letters() {
			text += aws.ToString(letter.Body)
			for _, a := range letter.MessageAttributes {
				text += aws.ToString(a.StringValue)
			}
		}
		if strings.Contains(text, secret) {
			t.Error("the secret is there")
		}
	})
}
