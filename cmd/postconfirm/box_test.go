package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/postconfirm/postconfirm/deploy/onebox"
	"github.com/postconfirm/postconfirm/deploy/onebox/pretend"
	"github.com/postconfirm/postconfirm/worker"
)

// scriptBox is the box of one script, with vendors of its own.
type scriptBox struct {
	box     *onebox.Box
	vendors *pretend.Vendors
	person  onebox.Person
	said    finished
}

// boxKey finds the script's box.
type boxKey struct{}

// emptyPipeline gives the box's pool the attributes of the demo's pipeline and writes none of them.
const emptyPipeline = `version: 1
pools: [eu-west-1_Demo12345]
attributes:
  custom:company: ${{ user.nickname }}
  custom:plan: ${{ user.nickname }}
  custom:crm_id: ${{ user.nickname }}
`

// finished is told when the worker is done with a run.
type finished chan worker.Verdict

func (finished) Stepped(worker.StepNote) {}

func (f finished) Finished(v worker.Verdict) {
	select {
	case f <- v:
	default:
	}
}

// box starts a box with one confirmed user whom its own pipeline leaves alone. It sets what an AWS client needs, POOL,
// SUB and EMAIL, and writes the demo's pipeline, with vendors that answer, into pipeline.yaml.
func box(ts *testscript.TestScript, _ bool, _ []string) {
	s := ts.Value(boxKey{}).(*scriptBox)
	s.vendors = &pretend.Vendors{}
	server := httptest.NewServer(s.vendors)
	ts.Defer(server.Close)
	text := strings.ReplaceAll(onebox.DemoPipeline, "http://VENDORS", server.URL)
	ts.Check(os.WriteFile(ts.MkAbs("pipeline.yaml"), []byte(text), 0o600))
	ts.Check(os.WriteFile(ts.MkAbs("empty.yaml"), []byte(emptyPipeline), 0o600))
	s.start(ts)
	for name, value := range map[string]string{"AWS_ENDPOINT_URL": s.box.Endpoint, "AWS_REGION": s.box.Region, "AWS_ACCESS_KEY_ID": "local",
		"AWS_SECRET_ACCESS_KEY": "local", "POOL": s.box.Pool.ID, "CLIENT": s.box.Pool.Client, "QUEUE": s.box.Queue, "DLQ": s.box.DLQ, "EMAIL": s.person.Email, "VENDOR_TOKEN": pretend.Token} {
		ts.Setenv(name, value)
	}
}

// start starts the box and waits until the worker has met the user.
func (s *scriptBox) start(ts *testscript.TestScript) {
	s.said = make(finished, 1000)
	var err error
	s.box, err = onebox.Start(context.Background(), onebox.Options{Trigger: []string{program(ts), triggerName}, Pipeline: ts.MkAbs("empty.yaml"),
		Ledger: ts.MkAbs("box.db"), Observer: s.said, Log: slog.New(slog.NewTextHandler(io.Discard, nil))})
	ts.Check(err)
	ts.Defer(func() { ts.Check(s.box.Close()) })
	s.person = onebox.People(1)[0]
	sub, err := s.box.SignUp(context.Background(), s.person)
	ts.Check(err)
	ts.Check(s.box.Confirm(context.Background(), s.person))
	if v := <-s.said; v.Outcome != worker.Completed {
		ts.Fatalf("the worker says %+v", v)
	}
	ts.Setenv("SUB", sub)
}

// program is the postconfirm of the scripts.
func program(ts *testscript.TestScript) string {
	for _, dir := range filepath.SplitList(ts.Getenv("PATH")) {
		if path, err := exec.LookPath(filepath.Join(dir, "postconfirm")); err == nil {
			return path
		}
	}
	ts.Fatalf("postconfirm is not on the path")
	return ""
}

// vendor NAME up|down takes a pretend vendor down or brings it back.
func vendor(ts *testscript.TestScript, _ bool, args []string) {
	ts.Value(boxKey{}).(*scriptBox).vendors.SetDown(args[0], args[1] == "down")
}

// vendors TEXT compares what the vendors answered so far: company=1 crm=0 mail=0.
func vendors(ts *testscript.TestScript, _ bool, args []string) {
	counts := ts.Value(boxKey{}).(*scriptBox).vendors.Counts()
	var got []string
	for _, name := range pretend.Names() {
		got = append(got, fmt.Sprintf("%s=%d", name, counts[name].Answered))
	}
	if want := strings.Join(args, " "); strings.Join(got, " ") != want {
		ts.Fatalf("answered: %v, want %s", got, want)
	}
}

// attribute NAME VALUE compares an attribute of the user in the pool; "" is none.
func attribute(ts *testscript.TestScript, neg bool, args []string) {
	s := ts.Value(boxKey{}).(*scriptBox)
	all, err := s.box.Attributes(context.Background(), s.person)
	ts.Check(err)
	if got := all[args[0]]; (got == args[1]) == neg {
		ts.Fatalf("%s is %q, want %q", args[0], got, args[1])
	}
}

// steady FILE writes what the last program printed into a file, with names in place of what differs from run to run.
func steady(ts *testscript.TestScript, _ bool, args []string) {
	text := strings.NewReplacer(ts.Getenv("SUB"), "SUB", ts.Getenv("POOL"), "POOL").Replace(ts.ReadFile("stdout"))
	for _, r := range [][2]string{{`127\.0\.0\.1:\d+`, "VENDORS"}, {`\d+ ms`, "N ms"}, {`"ms":[\d.]+`, `"ms":0`}, {`"run":"\w+"`, `"run":"RUN"`}, {`at \d{4}-\d\d-\d\dT[\d:]+Z`, "at TIME"}} {
		text = regexp.MustCompile(r[0]).ReplaceAllString(text, r[1])
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(text), 0o600))
}
