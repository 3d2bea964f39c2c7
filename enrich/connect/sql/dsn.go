package sqlstep

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/url"
	"os"
	"strconv"
	"strings"

	"github.com/postconfirm/postconfirm/enrich/connect"
)

// target is a DSN, taken apart. It holds a password.
type target struct {
	driver         string
	user, password string
	host           string
	port           uint16
	database       string
	tls            *tls.Config // nil for sslmode=disable
	checked        bool        // the certificate is checked
}

// parseDSN reads a URL. Its errors never quote it.
//
//	postgres://USER:PASSWORD@HOST:PORT/DATABASE?sslmode=verify-full&sslrootcert=/etc/rds.pem
//	mysql://…    the same
//
// sslmode: verify-full (the default) checks the certificate and its name, require encrypts and checks nothing, disable
// does not encrypt. sslrootcert is a PEM file with the authorities to trust, in place of the system's.
func parseDSN(dsn, driver string, client *connect.Client) (target, error) {
	u, err := url.Parse(dsn)
	if err != nil {
		return target{}, errors.New("it is no URL; a password needs its special characters as %XX")
	}
	t := target{driver: driver, host: u.Hostname(), database: strings.TrimPrefix(u.Path, "/"), user: u.User.Username()}
	t.password, _ = u.User.Password()
	schemes := map[string]string{"postgres": "postgres", "postgresql": "postgres", "mysql": "mysql", "mariadb": "mysql"}
	switch {
	case schemes[u.Scheme] == "":
		return target{}, errors.New("start it with postgres:// or mysql://")
	case schemes[u.Scheme] != driver:
		return target{}, errors.New("it is for another driver than the step")
	case t.host == "" || strings.ContainsAny(t.host, "/,"):
		return target{}, errors.New("name one host")
	case t.user == "":
		return target{}, errors.New("the user is missing")
	case t.database == "" || strings.Contains(t.database, "/"):
		return target{}, errors.New("name one database behind the host")
	}
	if t.port, err = port(u.Port(), driver); err != nil {
		return target{}, err
	}
	return t, t.encrypt(u.RawQuery, client)
}

func port(text, driver string) (uint16, error) {
	if text == "" {
		return map[string]uint16{"postgres": 5432, "mysql": 3306}[driver], nil
	}
	n, err := strconv.ParseUint(text, 10, 16)
	if err != nil || n == 0 {
		return 0, errors.New("the port is no port")
	}
	return uint16(n), nil
}

func (t *target) address() string { return net.JoinHostPort(t.host, strconv.Itoa(int(t.port))) }

// encrypt reads what stands behind the "?".
func (t *target) encrypt(query string, client *connect.Client) error {
	values, err := url.ParseQuery(query)
	if err != nil {
		return errors.New("what stands behind the ? can't be read")
	}
	for name, all := range values {
		if name != "sslmode" && name != "sslrootcert" || len(all) != 1 {
			return errors.New("only sslmode and sslrootcert may stand behind the ?, once each")
		}
	}
	t.tls = client.TLS(t.host)
	switch values.Get("sslmode") {
	case "", "verify-full":
		t.checked = true
	case "require":
		t.tls.InsecureSkipVerify = true // the DSN says so in plain words
	case "disable":
		t.tls = nil
	default:
		return errors.New("sslmode is verify-full, require or disable")
	}
	if file := values.Get("sslrootcert"); file != "" && t.checked {
		return t.trust(file)
	}
	return nil
}

func (t *target) trust(file string) error {
	pem, err := os.ReadFile(file)
	if err != nil {
		return errors.New("the file of sslrootcert can't be read")
	}
	t.tls.RootCAs = x509.NewCertPool()
	if !t.tls.RootCAs.AppendCertsFromPEM(pem) {
		return errors.New("the file of sslrootcert has no certificate")
	}
	return nil
}
