package localcloud

import (
	"encoding/xml"
	"fmt"
	"net/http"
	"strings"

	"github.com/postconfirm/postconfirm/deploy/localcloud/awsjson"
)

// ServeHTTP answers one call of an SDK, or one of the control surface.
func (c *Cloud) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.Header.Get("X-Amz-Target") != "":
		c.serveTarget(w, r)
	case r.URL.Path == "/" && (r.Method == http.MethodGet || r.Method == http.MethodHead) && r.URL.RawQuery == "":
		c.serveStatus(w, r)
	case strings.HasPrefix(r.URL.Path, "/_local/"):
		c.serveControl(w, r)
	case isQuery(r):
		c.refuseQuery(w)
	default:
		c.refuse(w, http.StatusNotFound, r.Method+" "+r.URL.Path)
	}
}

// serveTarget gives a call of the JSON protocols to the service it names.
func (c *Cloud) serveTarget(w http.ResponseWriter, r *http.Request) {
	s, operation, id := c.admit(r)
	w.Header().Set("X-Amzn-Requestid", id)
	if s == nil {
		c.refuse(w, http.StatusBadRequest, r.Header.Get("X-Amz-Target"))
		return
	}
	c.faults.serve(w, r, s, operation)
}

// admit finds the service of a call, counts the call, and gives it an id.
func (c *Cloud) admit(r *http.Request) (s Service, operation, id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.requests++
	id = fmt.Sprintf("00000000-0000-4000-8000-%012x", c.requests)
	for _, s := range c.services {
		wire := s.Wire()
		operation, ok := wire.Serves(r)
		if !ok {
			continue
		}
		if _, offered := wire.Operations[operation]; offered {
			c.calls[wire.Name+"."+operation]++
		}
		return s, operation, id
	}
	return nil, "", id
}

// refuse names what is not offered, in the form that most SDKs read.
func (c *Cloud) refuse(w http.ResponseWriter, status int, what string) {
	unnamed := &awsjson.Service{Version: "1.0"}
	unnamed.Fail(w, &awsjson.Error{Status: status, Code: "UnknownOperationException", Message: c.notOffered(what)})
}

func (c *Cloud) notOffered(what string) string {
	return fmt.Sprintf("the local cloud does not offer %s; it offers: %s", what, strings.Join(c.names(), ", "))
}

// isQuery tells calls of the older protocol, where the operation is a form value.
func isQuery(r *http.Request) bool {
	form := strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded")
	return form && r.Method == http.MethodPost || r.URL.Query().Has("Action")
}

// refuseQuery answers in XML, as the callers of the Query protocol expect their errors.
func (c *Cloud) refuseQuery(w http.ResponseWriter) {
	type cause struct{ Type, Code, Message string }
	body, err := xml.Marshal(struct {
		XMLName xml.Name `xml:"ErrorResponse"`
		Error   cause
	}{Error: cause{"Sender", "InvalidAction", c.notOffered("the Query protocol (use an SDK that speaks JSON)")}})
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/xml")
	w.WriteHeader(http.StatusBadRequest)
	_, _ = w.Write(body)
}

// serveStatus says in a few lines what this is.
func (c *Cloud) serveStatus(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = fmt.Fprintf(w, "postconfirm local cloud: a small AWS for tests and demos, in memory, without signatures or permissions\n\n"+
		"region    %s\naccount   %s\nendpoint  http://%s\n\n", c.region, c.account, r.Host)
	for _, name := range c.names() {
		s, _ := c.service(name)
		_, _ = fmt.Fprintf(w, "%-12s  %d operations (%s)\n", name, len(s.Wire().Operations), s.Wire().Target)
	}
	_, _ = fmt.Fprintln(w)
	for _, r := range c.Routes() {
		_, _ = fmt.Fprintf(w, "%-24s  %s\n", r.Name, r.About)
	}
}
