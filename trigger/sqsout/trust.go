package sqsout

import (
	"crypto/x509"
	_ "embed" // the roots
	"os"
	"sync"
	"sync/atomic"
)

// amazonRoots are Amazon Root CA 1 to 4 and Starfield Services G2, as Amazon Trust Services publishes them.
//
//go:embed amazon.pem
var amazonRoots string

// trust says which roots the certificate of SQS may lead to. Reading the system's 150 roots costs half of a cold start,
// and Amazon's services are signed by five of them: those are asked first. What they don't vouch for is decided by the
// system's roots, from then on for good. So nothing is refused that the system would accept.
//
// Whoever has chosen the roots is heard, and Amazon's are not asked: SSL_CERT_FILE and SSL_CERT_DIR stand for the
// system's (crypto/x509), and AWS_CA_BUNDLE is a file whose roots alone count (AWS SDKs and Tools Reference Guide,
// ca_bundle).
type trust struct {
	first func() *x509.CertPool // asked first; nil: there is only last
	last  *x509.CertPool        // nil: the system's
	wide  atomic.Bool           // first has not been enough
}

// trust reads the variables of the roots.
func (e *environment) trust() *trust {
	if name := e.Get("AWS_CA_BUNDLE"); name != "" {
		return &trust{last: e.bundle(name)}
	}
	if e.Get("SSL_CERT_FILE") != "" || e.Get("SSL_CERT_DIR") != "" {
		return &trust{}
	}
	return &trust{first: sync.OnceValue(func() *x509.CertPool { return pool([]byte(amazonRoots)) })}
}

// bundle reads the file that AWS_CA_BUNDLE names.
func (e *environment) bundle(name string) *x509.CertPool {
	text, err := os.ReadFile(name)
	if err != nil {
		e.Mistake("AWS_CA_BUNDLE", name, "a file of certificates that can be read is meant")
		return nil
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(text) {
		e.Mistake("AWS_CA_BUNDLE", name, "a file with at least one certificate in PEM form is meant")
	}
	return roots
}

func pool(text []byte) *x509.CertPool {
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(text)
	return roots
}

// roots are those to ask now; final tells that nobody is left to ask after them.
func (t *trust) roots() (roots *x509.CertPool, final bool) {
	if t.first == nil || t.wide.Load() {
		return t.last, true
	}
	return t.first(), false
}

// widen gives the word to the system's roots.
func (t *trust) widen() { t.wide.Store(true) }
