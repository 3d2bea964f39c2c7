// Package lambdaenv reads the variables of a small Lambda function: region, credentials and endpoint of one AWS service
// by hand, without the SDK's config package, which would load half a dozen other services at every cold start. So it
// knows no profiles, no files, no metadata service.
//
// It promises that every variable that can't be meant as it is gets told, all at once: its name, what was found, what
// is meant, without what may be a secret in a URL. It refuses redirects, answers above a size, and connections that
// take longer than a second.
package lambdaenv

import (
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"strings"
)

// Environment reads variables and collects what is wrong with them. It is for one goroutine, at the start of a program.
type Environment struct {
	Getenv func(string) string // required: os.Getenv in a program

	mistakes []error
}

// Get reads a variable; spaces around a value, or a newline after it, are never meant.
func (e *Environment) Get(name string) string { return strings.TrimSpace(e.Getenv(name)) }

// Mistake notes that a variable can't be meant as it is; found "" says that it is not set.
func (e *Environment) Mistake(name, found, meant string) {
	if found == "" {
		e.mistakes = append(e.mistakes, fmt.Errorf("%s is not set: %s", name, meant))
		return
	}
	e.mistakes = append(e.mistakes, fmt.Errorf("%s is %s: %s", name, shown(found), meant))
}

// Fail notes a mistake that has its own words.
func (e *Environment) Fail(err error) { e.mistakes = append(e.mistakes, err) }

// Err is all that was noted, one line each, or nil.
func (e *Environment) Err() error { return errors.Join(e.mistakes...) }

// Region reads AWS_REGION, which Lambda sets, and AWS_DEFAULT_REGION after it (AWS Lambda Developer Guide, defined
// runtime environment variables). Without one it notes a mistake.
func (e *Environment) Region() string {
	region := cmp.Or(e.Get("AWS_REGION"), e.Get("AWS_DEFAULT_REGION"))
	if region == "" {
		e.Mistake("AWS_REGION", "", "the Region of this function is meant")
	}
	return region
}

// Endpoint reads where emulators and proxies are: AWS_ENDPOINT_URL_ and the service's name in capitals goes before
// AWS_ENDPOINT_URL, and AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=true before both (AWS SDKs and Tools Reference Guide,
// service-specific endpoints). "" means AWS itself.
func (e *Environment) Endpoint(service string) string {
	if strings.EqualFold(e.Get("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"), "true") {
		return ""
	}
	for _, name := range []string{"AWS_ENDPOINT_URL_" + service, "AWS_ENDPOINT_URL"} {
		found := e.Get(name)
		if found == "" {
			continue
		}
		u, err := url.Parse(found)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
			e.Mistake(name, found, "http:// or https:// and a host is meant, such as http://127.0.0.1:4566")
		}
		return strings.TrimSuffix(found, "/")
	}
	return ""
}

// shown quotes a value, without what may be a secret in a URL, and not without end.
func shown(value string) string {
	value, query, cut := strings.Cut(value, "?")
	if _, after, ok := strings.Cut(value, "@"); ok {
		value = "[hidden]@" + after
	}
	if cut && query != "" {
		value += "?[hidden]"
	}
	if len(value) > 120 {
		value = value[:120] + "…"
	}
	return fmt.Sprintf("%q", value)
}
