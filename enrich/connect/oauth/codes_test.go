package oauth_test

import (
	"slices"
	"testing"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/connect"
	"github.com/postconfirm/postconfirm/enrich/connect/oauth"
	"github.com/postconfirm/postconfirm/enrich/enrichtest"
)

func TestEveryCodeIsListed(t *testing.T) {
	all := append(oauth.Codes(), enrich.Code{Code: oauth.CodeKey, Kind: enrich.Denied}) // of those that sign
	enrichtest.Sources(t, enrich.Page{HTTP: true, Codes: all}, map[string]string{"connect": ".."})
	for _, code := range connect.Codes() {
		if slices.ContainsFunc(all, func(own enrich.Code) bool { return own.Code == code.Code }) {
			t.Errorf("%s is the toolkit's, and has no token_ in front", code.Code)
		}
	}
}
