package localcloud

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net"
	"net/http"
	"net/netip"
)

// maxControl bounds what /_local accepts, in bytes.
const maxControl = 1 << 20

// serveControl is the control surface of the package comment.
func (c *Cloud) serveControl(w http.ResponseWriter, r *http.Request) {
	if !loopbackHost(r.Host) {
		http.Error(w, "the control surface answers only to loopback names", http.StatusForbidden)
		return
	}
	if r.Method != http.MethodGet && !isJSON(r) {
		http.Error(w, "Content-Type must be application/json", http.StatusUnsupportedMediaType)
		return
	}
	switch r.Method + " " + r.URL.Path {
	case "GET /_local/calls":
		writeJSON(w, c.Calls())
	case "DELETE /_local/calls":
		c.ResetCalls()
		w.WriteHeader(http.StatusNoContent)
	case "GET /_local/faults":
		writeJSON(w, c.Faults())
	case "PUT /_local/faults":
		c.putFaults(w, r)
	case "DELETE /_local/faults":
		c.ClearFaults()
		w.WriteHeader(http.StatusNoContent)
	default:
		http.Error(w, "there is no "+r.Method+" "+r.URL.Path, http.StatusNotFound)
	}
}

func (c *Cloud) putFaults(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxControl))
	if err != nil {
		http.Error(w, "the request can't be read", http.StatusBadRequest)
		return
	}
	var all Faults
	if err := strictly(body, &all); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if err := c.SetFaults(all); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.WriteHeader(http.StatusNoContent)
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

func writeJSON(w http.ResponseWriter, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(append(body, '\n'))
}

var errMore = errors.New("localcloud: read JSON: more than one value")

// strictly decodes exactly one JSON value without unknown members.
func strictly(data []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errMore
	}
	return nil
}
