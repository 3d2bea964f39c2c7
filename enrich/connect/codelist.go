package connect

import "github.com/postconfirm/postconfirm/enrich"

// Codes are the codes of this package with their kinds, for reference pages: what every connector that sends through a
// [Client] may fail with, beside its own.
func Codes() []enrich.Code {
	return []enrich.Code{
		{Code: CodeDNS, Kind: enrich.Temporary, Doc: "The name was not resolved."},
		{Code: CodeConnect, Kind: enrich.Temporary, Doc: "No connection."},
		{Code: CodeTLS, Kind: enrich.Temporary, Doc: "The certificate or the protocol was not accepted."},
		{Code: CodeBlocked, Kind: enrich.Permanent, Doc: "The address is not public, and nobody has allowed it."},
		{Code: CodeTimeout, Kind: enrich.Temporary, Doc: "A deadline passed."},
		{Code: CodeCanceled, Kind: enrich.Temporary, Doc: "The worker is stopping."},
		{Code: CodeReset, Kind: enrich.Temporary, Doc: "The connection ended early."},
		{Code: CodeResponse, Kind: enrich.Temporary, Doc: "What came back is not HTTP."},
		{Code: CodeHeaders, Kind: enrich.Permanent, Doc: "More than 64 KiB of headers."},
		{Code: CodeOther, Kind: enrich.Temporary, Doc: "The connection failed in another way."},
		{Code: CodeRedirect, Kind: enrich.Permanent, Doc: "3xx; redirects are never followed."},
		{Code: CodeUnauthorized, Kind: enrich.Temporary, Doc: "401: a key is mended some day, by somebody."},
		{Code: CodeForbidden, Kind: enrich.Temporary, Doc: "403, likewise."},
		{Code: statusCode(429), Kind: enrich.Throttled, Doc: "Asked to wait; Retry-After is honoured, up to an hour."},
		{Code: "http_<status>", Kind: enrich.Temporary, Doc: "408, 421, 425, 499, 5xx but for 501 and 505, and what is no status."},
		{Code: "http_<status>", Kind: enrich.Permanent, Doc: "Every other 4xx, 501, 505."},
		{Code: CodeBodyTooLarge, Kind: enrich.Permanent, Doc: "The body is longer than the cap."},
		{Code: CodeBodyTruncated, Kind: enrich.Temporary, Doc: "The body is shorter than announced, or JSON that stops in the middle."},
		{Code: CodeEncoding, Kind: enrich.Permanent, Doc: "Compressed in a way nobody asked for, or damaged."},
		{Code: CodeNotJSON, Kind: enrich.Permanent, Doc: "The content type says something else."},
		{Code: CodeBadJSON, Kind: enrich.Permanent, Doc: "No JSON, or text after it."},
		{Code: CodeDeepJSON, Kind: enrich.Permanent, Doc: "JSON that is nested too deep."},
		{Code: CodeLargeJSON, Kind: enrich.Permanent, Doc: "JSON with too many values."},
		{Code: CodeNumber, Kind: enrich.Permanent, Doc: "A number that no 64-bit float can hold."},
		{Code: CodeBadURL, Kind: enrich.Permanent, Doc: "The values make no URL; nothing was sent."},
		{Code: CodeBadHeader, Kind: enrich.Permanent, Doc: "A name or value that no header may have; nothing was sent."},
	}
}
