package connect

import (
	"net/http"
	"time"

	"github.com/postconfirm/postconfirm/enrich"
)

// Classify reads a status. It gives nil for 2xx, and for everything else what may be done about it. header is looked
// at for Retry-After only; now is the time of the answer. Its error has no cause yet.
//
//	2xx                  nil
//	429                  throttled           refused
//	408 421 425          temporary           refused    the same request may pass on another day or connection
//	499                  temporary                      a proxy saw its own client leave: who knows what happened behind
//	401 403              temporary           refused    "unauthorized", "forbidden": a key is mended some day, by somebody
//	other 4xx            permanent           refused
//	501 505              permanent           refused    this server can't, and says so
//	other 5xx            temporary
//	301 304 307 308      permanent           refused    "redirect"
//	other 3xx            permanent                      "redirect"; 302 and 303 often follow a POST that was done
//	below 200, over 599  temporary                      not an answer of HTTP
func Classify(status int, header http.Header, now time.Time) *enrich.Error {
	if status >= 200 && status <= 299 {
		return nil
	}
	e := &enrich.Error{Kind: enrich.Temporary, Code: statusCode(status), Sent: true}
	switch {
	case status >= 300 && status <= 399:
		e.Kind, e.Code, e.Refused = enrich.Permanent, CodeRedirect, status == 301 || status == 304 || status == 307 || status == 308
	case status >= 400 && status <= 499:
		e.Kind, e.Refused = ofClient(status), status != 499
	case status == http.StatusNotImplemented, status == http.StatusHTTPVersionNotSupported:
		e.Kind, e.Refused = enrich.Permanent, true
	}
	switch status {
	case http.StatusUnauthorized:
		e.Code = CodeUnauthorized
	case http.StatusForbidden:
		e.Code = CodeForbidden
	}
	if e.Kind == enrich.Temporary || e.Kind == enrich.Throttled {
		e.RetryAfter = RetryAfter(header, now)
	}
	return e
}

func ofClient(status int) enrich.FailureKind {
	switch status {
	case http.StatusTooManyRequests:
		return enrich.Throttled
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusRequestTimeout, http.StatusMisdirectedRequest, http.StatusTooEarly, 499:
		return enrich.Temporary
	}
	return enrich.Permanent
}
