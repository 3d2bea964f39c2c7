package localcloud

import (
	"cmp"
	"context"
	"maps"
	"mime"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"github.com/postconfirm/postconfirm/deploy/localcloud/awsjson"
)

// routes are the control surface: the cloud's own routes and those of its services, by method and path.
func (c *Cloud) routes() map[string]awsjson.Route {
	type nothing struct{}
	all := map[string]awsjson.Route{
		"GET /_local/calls": awsjson.Local("counts every call that arrived, failed ones included, by service and operation",
			func(context.Context, *nothing) (*map[string]int, error) { calls := c.Calls(); return &calls, nil }),
		"DELETE /_local/calls": awsjson.Local("starts counting anew",
			func(context.Context, *nothing) (*nothing, error) { c.ResetCalls(); return nil, nil }),
		"GET /_local/faults": awsjson.Local("tells the faults that are on",
			func(context.Context, *nothing) (*Faults, error) { faults := c.Faults(); return &faults, nil }),
		"PUT /_local/faults": awsjson.Local("replaces all faults, or none if one of them is wrong",
			func(_ context.Context, in *Faults) (*nothing, error) { return nil, c.SetFaults(*in) }),
		"DELETE /_local/faults": awsjson.Local("switches all faults off",
			func(context.Context, *nothing) (*nothing, error) { c.ClearFaults(); return nil, nil }),
	}
	for _, name := range c.names() {
		if s, ok := c.service(name); ok {
			maps.Copy(all, s.Wire().Local)
		}
	}
	return all
}

// RouteName is a route of the control surface in words.
type RouteName struct {
	Name  string // method and path: "PUT /_local/faults"
	About string
}

// Routes lists the control surface, that of the registered services included, by path and then by method.
func (c *Cloud) Routes() []RouteName {
	var list []RouteName
	for name, r := range c.routes() {
		list = append(list, RouteName{name, r.About})
	}
	slices.SortFunc(list, func(a, b RouteName) int {
		method, path, _ := strings.Cut(a.Name, " ")
		other, place, _ := strings.Cut(b.Name, " ")
		return cmp.Or(cmp.Compare(path, place), cmp.Compare(method, other))
	})
	return list
}

// serveControl answers on the control surface.
func (c *Cloud) serveControl(w http.ResponseWriter, r *http.Request) {
	if !loopbackHost(r.Host) {
		http.Error(w, "the control surface answers only to loopback names", http.StatusForbidden)
		return
	}
	if r.Method != http.MethodGet && !isJSON(r) {
		http.Error(w, "Content-Type must be application/json", http.StatusUnsupportedMediaType)
		return
	}
	route, ok := c.routes()[r.Method+" "+r.URL.Path]
	if !ok {
		http.Error(w, "there is no "+r.Method+" "+r.URL.Path, http.StatusNotFound)
		return
	}
	route.Serve(w, r)
}

// isJSON keeps web pages out: a browser asks before it sends this type to another site, and nobody says yes.
func isJSON(r *http.Request) bool {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return err == nil && kind == "application/json"
}

// loopbackHost keeps out web pages whose name was made to point at the loopback.
func loopbackHost(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	return isLoopback(host)
}

// isLoopback tells "localhost" and loopback addresses, [::1] in brackets or without.
func isLoopback(host string) bool {
	if host == "localhost" {
		return true
	}
	if n := len(host); n > 2 && host[0] == '[' && host[n-1] == ']' {
		host = host[1 : n-1]
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.IsLoopback()
}
