package pipefile_test

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"time"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/expr"
)

// kinds are connectors that do nothing, with configurations of every form.
func kinds() []enrich.Kind {
	return []enrich.Kind{
		{Name: "http", Config: func() enrich.Config { return &httpConfig{} }},
		{Name: "hubspot", Config: func() enrich.Config { return &hubspotConfig{} }},
		{Name: "ses", Config: func() enrich.Config { return &sesConfig{} }},
	}
}

type idle struct {
	class  enrich.Class
	config enrich.Config
}

func (idle) Run(context.Context, enrich.Call) (enrich.Result, error) { return nil, nil }
func (i idle) Class() enrich.Class                                   { return i.class }

type shared struct {
	Retries int           `pipe:"retries" default:"2" doc:"how often to try again"`
	Wait    time.Duration `pipe:"wait" default:"1s" doc:"how long between two tries"`
}

type httpConfig struct {
	URL      *expr.Template            `pipe:"url,required" doc:"where to ask, https://…"`
	Method   string                    `pipe:"method" default:"GET"`
	Query    map[string]*expr.Template `pipe:"query"`
	Headers  map[string]*expr.Template `pipe:"headers"`
	Bearer   *expr.Template            `pipe:"bearer"`
	Body     *expr.Tree                `pipe:"body"`
	Follow   bool                      `pipe:"follow" default:"true"`
	Tags     []string                  `pipe:"tags"`
	NotFound []int                     `pipe:"not-found,step" default:"[404]"`
	shared
	notMine string
}

func (c *httpConfig) Connector() (enrich.Connector, error) {
	var all []error
	field := func(name, message string) { all = append(all, &enrich.FieldError{Field: name, Message: message}) }
	u, err := url.Parse(c.URL.Prefix())
	switch {
	case err != nil || u.Host == "":
		field("url", "the host must be written in the file; it can't come from an expression")
	case u.Scheme != "https":
		field("url", "the address is not encrypted; write https://"+u.Host)
	case u.User != nil:
		field("url", "the address carries a password; use bearer")
	}
	if c.Bearer != nil && c.Headers["authorization"] != nil {
		field("headers.authorization", "bearer says it already")
	}
	for _, code := range c.NotFound {
		if code < 400 || code > 499 {
			field("not-found", "a status from 400 to 499 is wanted")
		}
	}
	if c.Method == "PUT" && c.Body == nil {
		field("", "PUT needs a body")
	}
	class := map[string]enrich.Class{"GET": enrich.Read, "PUT": enrich.Idempotent}[c.Method]
	return idle{class, c}, errors.Join(all...)
}

type hubspotConfig struct {
	Token      *expr.Template            `pipe:"token,required"`
	Properties map[string]*expr.Template `pipe:"properties,required"`
}

func (c *hubspotConfig) Connector() (enrich.Connector, error) { return idle{enrich.Keyed, c}, nil }

type sesConfig struct {
	From     string     `pipe:"from,required" doc:"the sender"`
	Template string     `pipe:"template,required"`
	Data     *expr.Tree `pipe:"data"`
}

func (c *sesConfig) Connector() (enrich.Connector, error) {
	if !strings.Contains(c.From, "@") {
		return nil, errors.New("from is no address")
	}
	return idle{enrich.Unsafe, c}, nil
}
