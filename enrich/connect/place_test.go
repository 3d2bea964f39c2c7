package connect_test

import (
	"errors"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/connect"
)

func TestAPlaceHasAPlainHost(t *testing.T) {
	origin := connect.Place{Field: "base-url", Secrets: "the token says who we are", OriginOnly: "write the host only"}
	whole := connect.Place{Field: "url", Secrets: "use basic-user", Unsafe: "use https; everybody reads http"}
	open := connect.Place{Field: "url", AllowHTTP: true}
	const private = "this machine or a private address"
	for _, test := range []struct {
		name, text string
		place      connect.Place
		says       []string // one for each mistake
	}{
		{"a host", "https://api.example.com", origin, nil},
		{"a host with a slash and a port", "https://api.example.com:8443/", origin, nil},
		{"a host with a path", "https://api.example.com/hooks?v=1", whole, nil},
		{"an address that is public", "https://[2606:4700::1111]:443/x", whole, nil},
		{"http that the file asks for", "http://api.example.com", open, nil},
		{"a host in Punycode", "HTTPS://xn--exmple-cua.com", origin, nil},
		{"nothing", "", origin, []string{"host is missing"}},
		{"no scheme", "api.example.com", origin, []string{"host is missing"}},
		{"a mail address", "mailto:hunter2@example.com", origin, []string{"host is missing"}},
		{"a host of a user", "https://${{ user.sub }}.example.com", origin, []string{"plain text"}},
		{"a path of a user", "https://api.example.com/${{ user.sub }}", whole, []string{"plain text"}},
		{"no URL", "https://api.example.com:hunter2", origin, []string{"no URL"}},
		{"a password", "https://u:hunter2@api.example.com", origin, []string{"no user or password in the URL; the token says who we are"}},
		{"another script", "https://hööks.example", whole, []string{"plain ASCII"}},
		{"a joker", "https://*.example.com", whole, []string{"plain ASCII"}},
		{"half a port", "https://api.example.com:/x", whole, []string{"port is missing"}},
		{"a path where none may be", "https://api.example.com/hunter2", origin, []string{"write the host only"}},
		{"a query where none may be", "https://api.example.com?hunter2", origin, []string{"write the host only"}},
		{"an empty fragment where none may be", "https://api.example.com/#", origin, []string{"write the host only"}},
		{"a fragment", "https://api.example.com/x#hunter2", whole, []string{"behind a #"}},
		{"http", "http://api.example.com", whole, []string{"use https; everybody reads http"}},
		{"http, without a word why", "http://api.example.com", origin, []string{"start it with https://"}},
		{"another scheme", "ftp://api.example.com", open, []string{"start it with https://"}},
		{"this machine", "http://localhost:8080", origin, []string{private}},
		{"this machine, by an address in another", "https://[::ffff:127.0.0.1]", origin, []string{private}},
		{"the metadata service", "https://169.254.169.254/x", whole, []string{private}},
		{"a zone", "https://[fe80::1%25eth0]/", whole, []string{"plain ASCII", private}},
		{"a private address in the clear", "http://10.0.0.1/", whole, []string{"use https", private}},
	} {
		t.Run(test.name, func(t *testing.T) {
			m := &connect.Mistakes{}
			u := connect.NewClient(nil).PlainURL(m, test.place, test.text)
			fields, messages := read(t, m.Err())
			if len(messages) != len(test.says) || u == nil && len(messages) == 0 {
				t.Fatalf("got %q, want %q", messages, test.says)
			}
			for i := range messages {
				if fields[i] != test.place.Field || !strings.Contains(messages[i], test.says[i]) || strings.Contains(messages[i], "hunter2") {
					t.Errorf("%s: %q, want %q", fields[i], messages[i], test.says[i])
				}
			}
		})
	}
}

func TestADeploymentOpensWhatAPlaceMayNot(t *testing.T) {
	client := connect.NewClient(&connect.Options{AllowLoopback: true, AllowPrefixes: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}})
	for text, good := range map[string]bool{"http://localhost:8080": true, "http://127.0.0.1": true, "https://10.1.2.3": true, "http://10.1.2.3": false, "https://192.168.1.1": false} {
		m := &connect.Mistakes{}
		client.PlainURL(m, connect.Place{Field: "url"}, text)
		if (m.Err() == nil) != good {
			t.Errorf("%s: %v", text, m.Err())
		}
	}
}

func TestAllMistakesAreGatheredInOrder(t *testing.T) {
	m := &connect.Mistakes{}
	if m.Err() != nil {
		t.Errorf("nothing is wrong, and the error is %v", m.Err())
	}
	m.Add("b", "first")
	m.Add("a.key", "second")
	fields, messages := read(t, m.Err())
	if diff := cmp.Diff([]string{"b", "a.key"}, fields) + cmp.Diff([]string{"first", "second"}, messages); diff != "" {
		t.Error(diff)
	}
}

// read takes joined mistakes apart.
func read(t *testing.T, err error) (fields, messages []string) {
	t.Helper()
	if err == nil {
		return nil, nil
	}
	for _, one := range err.(interface{ Unwrap() []error }).Unwrap() {
		var field *enrich.FieldError
		if !errors.As(one, &field) {
			t.Fatalf("%T is no *enrich.FieldError", one)
		}
		fields, messages = append(fields, field.Field), append(messages, field.Message)
	}
	return fields, messages
}
