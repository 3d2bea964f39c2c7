package sqsout

import (
	"crypto/tls"
	"net/http"

	"github.com/postconfirm/postconfirm/trigger/lambdaenv"
)

const maxAnswer = 64 << 10 // bytes read of an answer, and of its headers: SendMessage's has a few hundred

// newTransport has its connections from d. What goes through a proxy is checked by the last roots.
func newTransport(d *dialer) *http.Transport {
	t := lambdaenv.NewTransport()
	t.DialContext, t.DialTLSContext = d.plain, d.secure
	t.TLSClientConfig = &tls.Config{RootCAs: d.trust.last}
	t.MaxResponseHeaderBytes = maxAnswer
	return t
}
