package policyfile_test

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/postconfirm/postconfirm/enrich/yamldoc"
	"github.com/postconfirm/postconfirm/trigger/presignup"
	"github.com/postconfirm/postconfirm/trigger/presignup/policyfile"
)

var update = flag.Bool("update", false, "write the golden files anew")

// beside reads list files from a folder.
func beside(folder string) *policyfile.Options {
	return &policyfile.Options{ReadFile: func(path string) ([]byte, error) {
		if path == "large.txt" {
			return make([]byte, policyfile.MaxList+1), nil
		}
		data, err := os.ReadFile(filepath.Join(folder, path))
		if err != nil {
			return nil, errors.New("no such file") // the system's words differ
		}
		return data, nil
	}}
}

// TestBadPolicies fixes every message: all mistakes of a file at once, each with its place.
func TestBadPolicies(t *testing.T) {
	files, err := filepath.Glob("testdata/bad/*.yaml")
	if err != nil || len(files) < 8 {
		t.Fatalf("%v, %d files", err, len(files))
	}
	for _, file := range files {
		name := filepath.Base(file)
		t.Run(name, func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			p, err := policyfile.Parse(name, data, beside("testdata"))
			var mistakes *yamldoc.Mistakes
			if p != nil || !errors.As(err, &mistakes) {
				t.Fatalf("%v, %v", p, err)
			}
			golden(t, strings.TrimSuffix(file, ".yaml")+".golden", err.Error()+"\n")
		})
	}
}

func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("-file +now:\n%s", diff)
	}
}

// TestWarnings fixes what lint says about policies that are allowed but dangerous or pointless.
func TestWarnings(t *testing.T) {
	data, err := os.ReadFile("testdata/warnings.yaml")
	if err != nil {
		t.Fatal(err)
	}
	_, warnings, err := policyfile.Lint("warnings.yaml", data, nil)
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, w := range warnings {
		fmt.Fprintln(&all, w)
	}
	golden(t, "testdata/warnings.golden", all.String())
}

const everything = `version: 1
message: Members only
deny:
  - { name: domains, domains: [evil.com, "bücher.example"], sources: [SignUp, ExternalProvider], message: Not you }
  - { name: list, domains-file: list.txt }
  - { name: names, username: { pattern: "^admin", shorter-than: 5, longer-than: 40 } }
  - { name: missing, missing: [email, "custom:company"], sources: AdminCreateUser }
  - { name: clients, clients-except: ["4k2", "5x5"] }
confirm:
  - { name: staff, domains: [example.com, "*.corp.example.com"], verify: [email, phone_number] }
  - { name: quiet, domains: xn--bcher-kva.example, ask-pool: false }
  - { name: claimed, self-asserted-domain: "custom:domain" }
  - { name: all, everyone: true }
`

func TestEverythingThatAPolicyMayHave(t *testing.T) {
	p, err := policyfile.Parse("p.yaml", []byte(everything), beside("testdata"))
	if err != nil {
		t.Fatal(err)
	}
	signUp := presignup.Sources{SignUp: true}
	for i, want := range []presignup.Denial{
		{Name: "domains", Sources: presignup.Sources{SignUp: true, ExternalProvider: true}, Message: "Not you"},
		{Name: "list", Sources: signUp, Message: "Members only", Listed: true},
		{Name: "names", Sources: signUp, Message: "Members only"},
		{Name: "missing", Sources: presignup.Sources{AdminCreateUser: true}, Message: "Members only", Missing: []string{"email", "custom:company"}},
		{Name: "clients", Sources: signUp, Message: "Members only", ClientsExcept: []string{"4k2", "5x5"}},
	} {
		got := p.Deny[i]
		got.Domains, got.Username = nil, nil
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	}
	want := []presignup.Grant{
		{Name: "staff", Exact: []string{"example.com"}, Below: []string{"corp.example.com"}, VerifyEmail: true, VerifyPhone: true, AskPool: true},
		{Name: "quiet", Exact: []string{"xn--bcher-kva.example"}},
		{Name: "claimed", SelfAsserted: "custom:domain", AskPool: true},
		{Name: "all", Everyone: true, AskPool: true},
	}
	if diff := cmp.Diff(want, p.Confirm); diff != "" {
		t.Error(diff)
	}
	if u := p.Deny[2].Username; u.Pattern.String() != "^admin" || u.ShorterThan != 5 || u.LongerThan != 40 || len(p.Hash) != 64 {
		t.Errorf("%+v, %s", u, p.Hash)
	}
	for domain, denied := range map[string]bool{"evil.com": true, "a.evil.com": true, "xn--bcher-kva.example": true, "vil.com": false} {
		if p.Deny[0].Domains.Has(domain) != denied {
			t.Errorf("%s: want %v", domain, denied)
		}
	}
	if list := p.Deny[1].Domains; list.Len() != 4 || !list.Has("x.mailinator.com") || !list.Has("xn--e1afmkfd.example") || !list.Has("trashmail.example") {
		t.Errorf("%d domains in the list", list.Len())
	}
}

// TestJSONIsReadAsWell, with tabs, as a console or a template may write it.
func TestJSONIsReadAsWell(t *testing.T) {
	for name, text := range map[string]string{
		"in one line":             `{"version":1,"confirm":[{"name":"staff","domains":["example.com"],"verify":["email"]}]}`,
		"indented with tabs":      "{\n\t\"version\": 1,\n\t\"confirm\": [\n\t\t{\"name\": \"staff\", \"domains\": [\"example.com\"], \"verify\": [\"email\"]}\n\t]\n}\n",
		"as YAML":                 "version: 1\nconfirm:\n- name: staff\n  domains: [example.com]\n  verify: email\n",
		"C4-90 with CRLF and BOM": "\ufeffversion: 1\r\nconfirm:\r\n- name: staff\r\n  domains: [example.com]\r\n  verify: email\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			p, err := policyfile.Parse("p", []byte(text), nil)
			if err != nil {
				t.Fatal(err)
			}
			want := []presignup.Grant{{Name: "staff", Exact: []string{"example.com"}, VerifyEmail: true, AskPool: true}}
			if diff := cmp.Diff(want, p.Confirm); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestTheExamplesAreFine: what the docs point at can be used as it is.
func TestTheExamplesAreFine(t *testing.T) {
	files, err := filepath.Glob("../examples/*.yaml")
	if err != nil || len(files) < 4 {
		t.Fatalf("%v, %q", err, files)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := policyfile.Parse(filepath.Base(file), data, beside("../examples")); err != nil {
			t.Error(err)
		}
	}
}

func TestAPolicyThatIsTooLargeIsRefused(t *testing.T) {
	_, err := policyfile.Parse("p", []byte(strings.Repeat("#", policyfile.MaxFile+1)), nil)
	if err == nil || !strings.Contains(err.Error(), "larger than") {
		t.Error(err)
	}
}

// FuzzPolicy reads any document: no panic; places inside the document; and a policy that comes out keeps its promises.
func FuzzPolicy(f *testing.F) {
	f.Add([]byte(everything))
	for _, pattern := range []string{"testdata/bad/*.yaml", "../examples/*.yaml", "testdata/*.yaml"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			f.Fatal(err)
		}
		for _, file := range files {
			data, err := os.ReadFile(file)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(data)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		p, warnings, err := policyfile.Lint("p", data, beside("testdata"))
		lines := strings.Count(string(data), "\n") + strings.Count(string(data), "\r") + strings.Count(string(data), "\u0085") +
			strings.Count(string(data), "\u2028") + strings.Count(string(data), "\u2029") + 1
		var mistakes *yamldoc.Mistakes
		if err != nil && !errors.As(err, &mistakes) {
			t.Fatal(err)
		}
		if mistakes != nil {
			warnings = append(warnings, mistakes.List...)
		}
		for _, m := range warnings {
			if m.Line < 1 || m.Line > lines || m.Column < 1 || strings.ContainsAny(m.Message+m.Hint, "\n\r") || m.Message == "" {
				t.Fatalf("%+v", m)
			}
		}
		if err == nil {
			runnable(t, p)
		}
	})
}

// runnable holds a policy to what the handler relies on.
func runnable(t *testing.T, p *presignup.Policy) {
	t.Helper()
	var names []string
	for _, d := range p.Deny {
		names = append(names, d.Name)
		conditions := 0
		for _, has := range []bool{d.Domains != nil, d.Username != nil, len(d.Missing) > 0, len(d.ClientsExcept) > 0} {
			if has {
				conditions++
			}
		}
		if conditions != 1 || d.Message == "" || d.Sources == (presignup.Sources{}) || d.Domains != nil && d.Domains.Len() == 0 {
			t.Fatalf("%+v", d)
		}
	}
	for _, g := range p.Confirm {
		names = append(names, g.Name)
		for _, domain := range append(slices.Clone(g.Exact), g.Below...) {
			if !presignup.PlainDomain(domain) || domain == "co.uk" {
				t.Fatalf("%+v", g)
			}
		}
		if (g.VerifyEmail || g.VerifyPhone) && !g.AskPool || !g.Everyone && g.SelfAsserted == "" && len(g.Exact)+len(g.Below) == 0 {
			t.Fatalf("%+v", g)
		}
	}
	for i, name := range names {
		if name == "" || slices.Contains(names[:i], name) {
			t.Fatalf("names %q", names)
		}
	}
	if len(names) == 0 {
		t.Fatal("a policy that decides nothing")
	}
}
