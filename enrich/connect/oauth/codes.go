package oauth

import "github.com/postconfirm/postconfirm/enrich"

// Codes are the codes of this package with their kinds, for the reference pages of connectors that need a token. Those
// that sign an assertion have [CodeKey] as well. Nothing of the call itself was sent.
func Codes() []enrich.Code {
	return []enrich.Code{
		{Code: CodeEmpty, Kind: enrich.Denied, Doc: "The token endpoint's answer has no token that a header can carry."},
		{Code: "token_<code>", Kind: enrich.Denied, Doc: "No token: in the endpoint's own words (`token_invalid_client`, `token_invalid_grant`, `token_inactive_user`), by its status (`token_unauthorized`, `token_http_400`), or because its answer can't be read."},
		{Code: "token_<code>", Kind: enrich.Temporary, Doc: "The token endpoint is in trouble, or can't be reached: `token_http_503`, `token_timeout`."},
		{Code: "token_<code>", Kind: enrich.Throttled, Doc: "The token endpoint asks to wait: `token_http_429`."},
	}
}
