package sqlstep

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/connect"
	"github.com/postconfirm/postconfirm/enrich/expr"
)

// MaxTime bounds one call below whatever deadline its context has.
const MaxTime = 30 * time.Second

// request is what a step asks of a database; args are nil, string, bool, int64 or float64.
type request struct {
	query string
	args  []any
	rows  int
	bytes int
}

// step is the connector of one step. It is immutable.
type step struct {
	config     Config
	ask        request
	dependency string
}

// Class is read: the transaction is read-only.
func (s *step) Class() enrich.Class { return enrich.Read }

// Dependency is the name of the secret that says which database: all steps with it share its breaker and its rate.
func (s *step) Dependency() string { return s.dependency }

// Run asks once. A connection that was kept and turns out to be dead is replaced, once: a read may be repeated.
func (s *step) Run(ctx context.Context, call enrich.Call) (enrich.Result, error) {
	if ctx.Err() != nil {
		return nil, connect.Fault(ctx, "sql", ctx.Err(), false)
	}
	ctx, cancel := context.WithTimeout(ctx, MaxTime)
	defer cancel()
	where, err := s.where(ctx, call.Vars)
	if err != nil {
		return nil, err
	}
	ask := s.ask
	if ask.args, err = s.args(ctx, call.Vars); err != nil {
		return nil, err
	}
	rows, err := s.config.pools.ask(ctx, where, ask)
	switch {
	case err != nil:
		return nil, err
	case len(rows) == 0:
		return nil, enrich.ErrNotFound
	case s.ask.rows == 1:
		return rows[0], nil
	}
	list := make([]any, len(rows))
	for i, row := range rows {
		list[i] = map[string]any(row)
	}
	return enrich.Result{"rows": list, "count": int64(len(rows))}, nil
}

func (s *step) where(ctx context.Context, vars expr.Vars) (key, error) {
	dsn, ok, err := s.config.DSN.EvalString(ctx, vars)
	switch {
	case err != nil:
		return key{}, unsent(ctx, CodeBadValue, "dsn", err)
	case !ok || dsn == "":
		return key{}, unsent(ctx, CodeNoCredential, "dsn", errors.New("it is null or empty"))
	}
	return key{driver: s.config.Driver, dsn: dsn, private: s.config.AllowPrivate}, nil
}

// args are the values for the placeholders: a null keeps its place.
func (s *step) args(ctx context.Context, vars expr.Vars) ([]any, error) {
	all := make([]any, len(s.config.Args))
	for i, arg := range s.config.Args {
		v, err := arg.Eval(ctx, vars)
		if err == nil {
			all[i], err = plain(v)
		}
		if err != nil {
			return nil, unsent(ctx, CodeBadValue, fmt.Sprintf("argument %d", i+1), err)
		}
	}
	return all, nil
}

// plain is a value as both drivers can bind it.
func plain(v any) (any, error) {
	switch v := v.(type) {
	case nil, string, bool, int64, float64:
		return v, nil
	}
	return expr.Text(v)
}

// unsent is a question that can't be asked, and why: the field and what is wrong with its value, never the value.
func unsent(ctx context.Context, code, field string, err error) error {
	if ctx.Err() != nil {
		return connect.Fault(ctx, "sql", ctx.Err(), false)
	}
	return &enrich.Error{Kind: enrich.Permanent, Code: code, Err: fmt.Errorf("sql: %s: %w", field, err)}
}
