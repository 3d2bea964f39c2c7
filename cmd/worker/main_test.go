package main

import (
	"bytes"
	"context"
	"strings"
	"testing"
)

func TestWrongUseEndsWithTwoAndSaysWhatIsMeant(t *testing.T) {
	for _, c := range []struct {
		name string
		args []string
		env  map[string]string
		want []string
	}{
		{"nothing given", nil, nil, []string{"the pipeline file is missing", "the queue is missing", "the ledger is missing", "hint:"}},
		{"an unknown flag", []string{"--quue", "x"}, nil, []string{"unknown flag: --quue"}},
		{"a word too many", []string{"start"}, nil, []string{"start"}},
		{"flags win over variables", []string{"--pipeline", "flag.yaml", "--dlq", "x", "--queue", "y", "--ledger", "sqlite:z"},
			map[string]string{"POSTCONFIRM_PIPELINE": "variable.yaml"}, []string{"flag.yaml"}},
		{"metrics from nowhere", []string{"--metrics", "9464"}, nil, []string{`--metrics "9464": want HOST:PORT`}},
		{"metrics from nowhere, by the variable", nil, map[string]string{"POSTCONFIRM_METRICS": "localhost"}, []string{`--metrics "localhost": want HOST:PORT`}},
		{"events of SES on the worker's own queue", []string{"--queue", "q", "--ses-events", "q"}, nil, []string{"the queue of SES's events", "one of its own"}},
		{"the same by the variable", []string{"--dlq", "q"}, map[string]string{"POSTCONFIRM_SES_EVENTS": "q"}, []string{"the queue of SES's events"}},
		{"metrics of a function", nil, map[string]string{"POSTCONFIRM_METRICS": ":9464", "AWS_LAMBDA_RUNTIME_API": "127.0.0.1:1"}, []string{"want emf (the default) or off"}},
		{"variables stand in for flags", []string{"--dlq", "x", "--queue", "y", "--ledger", "sqlite:z"},
			map[string]string{"POSTCONFIRM_PIPELINE": "variable.yaml"}, []string{"variable.yaml"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var out bytes.Buffer
			code := run(context.Background(), func() {}, c.args, func(k string) string { return c.env[k] }, &out)
			if code != 2 {
				t.Errorf("exit code %d", code)
			}
			for _, want := range c.want {
				if !strings.Contains(out.String(), want) {
					t.Errorf("%q is not in:\n%s", want, &out)
				}
			}
		})
	}
}
