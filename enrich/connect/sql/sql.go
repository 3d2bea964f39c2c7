// Package sqlstep is the connector "sql": one question to a PostgreSQL, MySQL or MariaDB database, from a pipeline file
// alone. (Its folder has the connector's name; a package called sql would force an alias on whoever needs the standard
// one.)
//
//	steps:
//	  - id: account
//	    uses: sql
//	    with:
//	      driver: postgres
//	      dsn: ${{ secrets.CRM_DATABASE }}
//	      allow-private: true
//	      query: SELECT plan, seats FROM accounts WHERE email = $1
//	      args: ["${{ user.email }}"]
//
// It promises: the text of the query is that of the file, and values travel beside it as bound parameters; the
// transaction is read-only and time-limited on the server's side, too; rows, bytes and the wire itself are capped; the
// certificate is checked unless the DSN says otherwise; connections that nobody uses are closed within a minute, and
// with the client; no error carries a word of the server's, because its words quote values.
//
// It refuses: expressions in the query, users' values in the DSN, the environment (PGHOST, ~/.pgpass and their like have
// no say), bytes as a result, Unix sockets, and private addresses unless the file says allow-private.
//
// Read-only is what the server makes of it: a role that may only SELECT is the real lock.
package sqlstep

import (
	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/connect"
	"github.com/postconfirm/postconfirm/enrich/expr"
)

// Kind is the connector's entry in the catalogue. Its steps dial through client, and what they keep is closed with it.
func Kind(client *connect.Client) enrich.Kind {
	shared := newPools(client)
	return enrich.Kind{
		Name:   "sql",
		Doc:    "Looks one thing up in a PostgreSQL, MySQL or MariaDB database.",
		Config: func() enrich.Config { return &Config{pools: shared} },
		Page:   page(),
	}
}

// Config is the "with" block of an sql step. Make it with Kind: it needs the client. A zero value in a field is the
// field's default.
//
// With a row-limit of 1 the result of a step is the row, {column: value}. With a higher one it is {rows, count}: rows a
// list of such rows, count how many.
type Config struct {
	Driver       string           `pipe:"driver,required" doc:"postgres, or mysql for MySQL and MariaDB."`
	DSN          *expr.Template   `pipe:"dsn,required" doc:"A secret with the address: postgres://USER:PASSWORD@HOST:PORT/DATABASE, or mysql://…; sslmode and sslrootcert behind the ?."`
	Query        string           `pipe:"query,required" doc:"One SELECT, fixed text; $1, $2 (postgres) or ? (mysql) where args go."`
	Args         []*expr.Template `pipe:"args" doc:"Values for the placeholders, bound as parameters; a null is NULL."`
	RowLimit     int              `pipe:"row-limit" default:"1" doc:"Most rows, 1 to 100; one more is a failure. With 2 or more the result is rows and count."`
	MaxBytes     int              `pipe:"max-bytes" default:"65536" doc:"Most bytes of all values together, 1 to 65536."`
	AllowPrivate bool             `pipe:"allow-private,required" doc:"true if the database has a private address, as most have, else false. It is asked for because the host is inside a secret, and a pipeline that reaches into the network should say so."`

	pools *pools
}
