package connect

import "strconv"

// The codes of failures, stable: dashboards and alarms may be built on them. The comment says the kind; "sent" is
// measured for each failure, and a status below 400 or from 500 on denies nothing unless [Classify] says so.
const (
	// Before or instead of an answer.
	CodeDNS      = "dns"              // temporary: the name was not resolved
	CodeConnect  = "connect"          // temporary: no connection
	CodeTLS      = "tls"              // temporary: the certificate or the protocol was not accepted
	CodeBlocked  = "blocked_address"  // permanent: the address is not public, see Options
	CodeTimeout  = "timeout"          // temporary: a deadline passed
	CodeCanceled = "canceled"         // temporary: the caller gave up
	CodeReset    = "reset"            // temporary: the connection ended early
	CodeResponse = "bad_response"     // temporary: what came back is not HTTP
	CodeHeaders  = "header_too_large" // permanent: more headers than the cap
	CodeOther    = "transport"        // temporary: none of the others

	// Made of a status. Every other status is "http_" and its number.
	CodeRedirect     = "redirect"     // permanent: 3xx, never followed
	CodeUnauthorized = "unauthorized" // temporary: 401
	CodeForbidden    = "forbidden"    // temporary: 403

	// In the body of an answer.
	CodeBodyTooLarge  = "body_too_large" // permanent: longer than the cap
	CodeBodyTruncated = "body_truncated" // temporary: shorter than announced, or JSON that stops in the middle
	CodeEncoding      = "bad_encoding"   // permanent: compressed in a way nobody asked for, or damaged
	CodeNotJSON       = "not_json"       // permanent: the content type says something else
	CodeBadJSON       = "bad_json"       // permanent: no JSON, or text after it
	CodeDeepJSON      = "json_too_deep"  // permanent: nested deeper than MaxDepth
	CodeLargeJSON     = "json_too_large" // permanent: more values than MaxValues
	CodeNumber        = "json_number"    // permanent: a number that no float64 can hold

	// In what we were asked to send; nothing left.
	CodeBadURL    = "bad_url"    // permanent
	CodeBadHeader = "bad_header" // permanent: a name or value that no header may have
)

// statusCode is the code of a status without a name of its own.
func statusCode(status int) string { return "http_" + strconv.Itoa(status) }
