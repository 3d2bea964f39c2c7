package sqlstep

import (
	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/connect"
)

// page is what the reference page says beside the options.
func page() enrich.Page {
	return enrich.Page{
		Result: []enrich.Term{
			{Name: "COLUMN", Doc: "With `row-limit: 1`: the column of that name. Numbers, texts and truth values as they are (MySQL's BOOL is a number), times as RFC 3339 in UTC, days as 2026-01-31, NULL as null; DECIMAL and NUMERIC as the nearest number, NaN and infinity as null; JSON, arrays and everything else as text. No row is the outcome not-found."},
			{Name: "rows", Doc: "With a higher `row-limit`: the rows, each with its columns."},
			{Name: "count", Doc: "And how many there are."},
		},
		Codes:  codes(),
		Limits: limits(),
		Permissions: []string{
			"CONNECT (PostgreSQL) and SELECT on what the query reads, nothing else. The transaction is read-only, but a function of the server may still do what its owner may, and MySQL's FILE privilege writes files.",
		},
		Example: `
- id: account
  uses: sql
  with:
    driver: postgres
    dsn: ${{ secrets.CRM_DATABASE }} # postgres://reader:…@crm.internal:5432/crm?sslrootcert=/etc/ssl/rds.pem
    allow-private: true
    query: SELECT plan, seats FROM accounts WHERE lower(email) = lower($1)
    args: ["${{ user.email }}"]
  timeout: 3s
- id: orders
  uses: sql
  with:
    driver: mysql
    dsn: ${{ secrets.SHOP_DATABASE }} # mysql://reader:…@shop.internal/shop
    allow-private: true
    query: SELECT id, total FROM orders WHERE customer = ? ORDER BY id DESC LIMIT 10
    args: ["${{ user.sub }}"]
    row-limit: 10`,
	}
}

func codes() []enrich.Code {
	return []enrich.Code{
		{Code: "sql_<sqlstate>", Kind: enrich.Temporary, Doc: "Classes 08 (connection), 28 (not let in), 3D (no such database), 40 (deadlock, serialization), 53 (out of connections, memory, disk), 55 (locked), 57 (time limit, shutdown), 58, HV, HY and XX: `sql_40p01`, `sql_28p01`, `sql_57014`."},
		{Code: "sql_<sqlstate>", Kind: enrich.Permanent, Doc: "All others: syntax and permission (`sql_42p01`, `sql_42501`), a value that the column's type can't be (`sql_22p02`), a query that writes (`sql_25006`)."},
		{Code: "sql_hy000_<number>", Kind: enrich.Temporary, Doc: "MySQL errors without a state of their own: `sql_hy000_1205` is a lock wait."},
		{Code: "sql_hy000_<number>", Kind: enrich.Permanent, Doc: "Those of them that stay: `sql_hy000_1290` is an option of the server that forbids it."},
		{Code: CodeSeveralRows, Kind: enrich.Permanent, Doc: "More rows than `row-limit`."},
		{Code: CodeTooLarge, Kind: enrich.Permanent, Doc: "More bytes than `max-bytes`, or more than 1 MiB on the wire."},
		{Code: CodeBadColumn, Kind: enrich.Permanent, Doc: "A column without a name that `steps.ID.NAME` could have, a name that stands twice, or bytes."},
		{Code: CodeBadValue, Kind: enrich.Permanent, Doc: "An argument is a list or a map, or its expression fails; nothing was sent."},
		{Code: CodeNoCredential, Kind: enrich.Permanent, Doc: "The DSN is null or empty; nothing was sent."},
		{Code: CodeBadDSN, Kind: enrich.Permanent, Doc: "The DSN is no URL of this driver; nothing was sent."},
		{Code: connect.CodeBlocked, Kind: enrich.Permanent, Doc: "The database has a private address and `allow-private` is false, or it is this machine."},
		{Code: connect.CodeDNS + "`, `" + connect.CodeConnect + "`, `" + connect.CodeTLS + "`, `" + connect.CodeReset + "`, `" + connect.CodeTimeout + "`, `" + connect.CodeCanceled + "`, `" + connect.CodeOther, Kind: enrich.Temporary, Doc: "The name, the connection, the certificate, a connection that was lost, no answer in time, the worker is stopping; the connection failed in another way."},
		{Code: connect.CodeResponse, Kind: enrich.Temporary, Doc: "What came back is not the database's protocol."},
	}
}

func limits() []string {
	return []string{
		"The certificate is checked against the system's authorities, or those in `sslrootcert=/path.pem` of the DSN. `sslmode=require` encrypts without looking whom it talks to, `sslmode=disable` does not encrypt: both must stand in the DSN. Amazon RDS needs its own bundle as `sslrootcert`.",
		"The DSN is a URL, so special characters of the password are written as %XX. The environment (PGHOST, PGPASSFILE, ~/.pgpass) has no say.",
		"Private addresses need `allow-private: true`; this machine, the worker's `--allow-loopback`; link-local addresses and metadata services are always refused.",
		"One call takes at most 30 s, or the step's `timeout`; the server is told nine tenths of that as its own limit (`statement_timeout`, `max_execution_time`, `max_statement_time`).",
		"At most 4 connections to one database from one worker process; more calls wait. One that nobody uses is closed after a minute.",
		"A row has at most 100 columns, an answer 1 MiB on the wire, `args` 64 values, `query` 16 KiB.",
		"A user's number in `args` is bound with its own type on MySQL, and as text that the server reads on PostgreSQL.",
	}
}
