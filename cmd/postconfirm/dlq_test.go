package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/postconfirm/postconfirm/trigger"
	"github.com/postconfirm/postconfirm/worker"
	"github.com/postconfirm/postconfirm/worker/amazon"
	"github.com/postconfirm/postconfirm/worker/sqlite"
)

// trimmed NAME TEXT SUFFIX sets a variable to a text without its end.
func trimmed(ts *testscript.TestScript, _ bool, args []string) {
	ts.Setenv(args[0], strings.TrimSuffix(args[1], args[2]))
}

// awaited N waits until the crowd's worker has finished with N more runs.
func awaited(ts *testscript.TestScript, _ bool, args []string) {
	n, err := strconv.Atoi(args[0])
	ts.Check(err)
	for range n {
		select {
		case <-crowdOf(ts).ended:
		case <-time.After(time.Minute):
			ts.Fatalf("the worker does not come to an end")
		}
	}
}

// away is a queue that can't be reached.
type away struct{}

func (away) Send(context.Context, []byte, string) error { return errors.New("no queue") }

// lost FILE makes three users in the crowd's pool, two of its own and one who comes from elsewhere, whose messages never
// got to the queue, and writes what the trigger logged of them, an hour ago; and of a user whom the ledger knows, and
// of one who was deleted since. It sets LOCAL and FEDERATED to user names.
func lost(ts *testscript.TestScript, _ bool, args []string) {
	c, ctx := crowdOf(ts), context.Background()
	var log bytes.Buffer
	h := trigger.New(away{}, &trigger.Options{Log: &log, Now: func() time.Time { return time.Now().Add(-time.Hour) }})
	confirm := func(name, sub string) {
		event, err := json.Marshal(map[string]any{"triggerSource": "PostConfirmation_ConfirmSignUp", "userPoolId": c.pool, "region": c.cloud.Region, "userName": name,
			"callerContext": map[string]string{"clientId": "web"}, "request": map[string]any{"userAttributes": map[string]string{"sub": sub}}, "response": map[string]string{}})
		ts.Check(err)
		_, err = h.Invoke(ctx, event)
		ts.Check(err)
	}
	for i := range 2 {
		email := fmt.Sprintf("lost%d@acme.example", i)
		made, err := c.cloud.Cognito.AdminCreateUser(ctx, &cognitoidentityprovider.AdminCreateUserInput{UserPoolId: &c.pool, Username: &email, MessageAction: "SUPPRESS"})
		ts.Check(err)
		confirm(*made.User.Username, *made.User.Username)
		ts.Setenv("LOCAL", *made.User.Username)
	}
	name, sub := federated(ts, c)
	confirm(name, sub)
	confirm(c.subs[0], c.subs[0])
	confirm("nobody", "6f9c4f9e-0a1b-4c2d-8e3f-000000000000")
	ts.Setenv("FEDERATED", name)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), log.Bytes(), 0o600))
}

// federated makes a user of an outside provider.
func federated(ts *testscript.TestScript, c *crowd) (name, sub string) {
	ctx := context.Background()
	_, err := c.cloud.Cognito.CreateUserPoolClient(ctx, &cognitoidentityprovider.CreateUserPoolClientInput{UserPoolId: &c.pool, ClientName: aws.String("web")})
	ts.Check(err)
	in := fmt.Sprintf(`{"pool":%q,"provider":"Google","id":"1234567890","attributes":{"email":"g@acme.example"}}`, c.pool)
	answer, err := http.Post(ts.Getenv("AWS_ENDPOINT_URL")+"/_local/federated", "application/json", strings.NewReader(in))
	ts.Check(err)
	defer func() { _ = answer.Body.Close() }()
	body, err := io.ReadAll(answer.Body)
	ts.Check(err)
	var made struct{ Username, Sub string }
	if err := json.Unmarshal(body, &made); err != nil || made.Username == "" {
		ts.Fatalf("federated sign-in: %s", body)
	}
	return made.Username, made.Sub
}

// enriched NAME checks that the pool has what the vendors know of a user.
func enriched(ts *testscript.TestScript, neg bool, args []string) {
	c := crowdOf(ts)
	user, err := amazon.NewDirectory(c.cloud.Cognito).User(context.Background(), c.pool, args[0])
	ts.Check(err)
	if (user.Attributes["custom:crm_id"] == "crm-"+user.Sub) == neg {
		ts.Fatalf("%s has %q", args[0], user.Attributes["custom:crm_id"])
	}
}

// stopped TEXT PROGRAM ARGUMENT… runs a program, stops it as Ctrl-C does when it has said TEXT on any stream, and wants
// it to end with exit code 130.
func stopped(ts *testscript.TestScript, _ bool, args []string) {
	path, err := exec.LookPath(filepath.Join(filepath.Dir(program(ts)), args[1]))
	ts.Check(err)
	cmd := patiently(path, args[2:]...)
	cmd.Dir, cmd.Env = ts.MkAbs("."), scriptEnv(ts)
	said := &until{text: args[0], stop: func() { _ = cmd.Process.Signal(syscall.SIGINT) }}
	cmd.Stdout, cmd.Stderr = said, said
	err = cmd.Run()
	var failed *exec.ExitError
	if !errors.As(err, &failed) || failed.ExitCode() != exitInterrupted {
		ts.Fatalf("ended with %v, want exit code %d\n%s", err, exitInterrupted, said.all.String())
	}
}

// scriptEnv is what the programs of a script see.
func scriptEnv(ts *testscript.TestScript) (env []string) {
	for _, name := range []string{"PATH", "HOME", "TMPDIR", "AWS_ENDPOINT_URL", "AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "POSTCONFIRM_LEDGER",
		"POSTCONFIRM_QUEUE_URL", "POSTCONFIRM_DLQ_URL", "POSTCONFIRM_PIPELINE", "POSTCONFIRM_WHO"} {
		env = append(env, name+"="+ts.Getenv(name))
	}
	return env
}

// until stops a program when it has said something.
type until struct {
	all  bytes.Buffer
	text string
	stop func()
}

func (u *until) Write(p []byte) (int, error) {
	u.all.Write(p)
	if u.stop != nil && strings.Contains(u.all.String(), u.text) {
		u.stop()
		u.stop = nil
	}
	return len(p), nil
}

// unreadOutput PROGRAM ARGUMENT… runs a program whose output nobody reads, and wants it to end with exit code 141.
func unreadOutput(ts *testscript.TestScript, _ bool, args []string) {
	r, w, err := os.Pipe()
	ts.Check(err)
	ts.Check(r.Close())
	defer func() { _ = w.Close() }()
	path, err := exec.LookPath(filepath.Join(filepath.Dir(program(ts)), args[0]))
	ts.Check(err)
	cmd, said := patiently(path, args[1:]...), bytes.Buffer{}
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = ts.MkAbs("."), scriptEnv(ts), w, &said
	err = cmd.Run()
	var failed *exec.ExitError
	if !errors.As(err, &failed) || failed.ExitCode() != exitPipe {
		ts.Fatalf("ended with %v, want exit code %d\n%s", err, exitPipe, said.String())
	}
}

// patiently is a program that says where it is, and ends, when it takes longer than anything here may.
func patiently(path string, args ...string) *exec.Cmd {
	ctx, cancel := context.WithTimeout(context.Background(), 40*time.Second)
	context.AfterFunc(ctx, cancel)
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGQUIT) }
	return cmd
}

// unsure is a program that makes the ledger FILE, with runs of whose mail nobody knows: of ada, who is done, of bob, who is
// open, and of cy, whose answers were erased; dee is parked. It prints their keys.
func unsure() {
	l, err := sqlite.Open(os.Args[1], nil)
	at := time.Now().Add(-time.Hour)
	for _, r := range []worker.Run{{Identity: worker.Identity{Sub: "ada"}, State: worker.Done}, {Identity: worker.Identity{Sub: "bob"}, State: worker.Open},
		{Identity: worker.Identity{Sub: "cy"}, State: worker.Done, Erased: at}, {Identity: worker.Identity{Sub: "dee"}, State: worker.Parked, Reason: "http_400"}} {
		r.Pool, r.Generation, r.Source = "eu-west-1_Ab12cd34E", "0", "signup"
		r.Key, r.FirstSeen, r.Updated, r.Flags = r.Identity.Key(), at, at, []string{"step mail: unknown"}
		r.Steps = map[string]worker.StepRecord{"mail": {State: worker.StepUnknown, Code: "reset", At: at, First: at}, "crm": {State: worker.StepFailed, Code: "http_400", Attempts: 1},
			"company": {State: worker.StepDone, Outcome: worker.OutcomeFound}}
		if err != nil {
			break
		}
		var claimed worker.Run
		if claimed, err = l.Claim(context.Background(), r.Identity, "a", at, at.Add(time.Minute)); err == nil {
			r.Fence = claimed.Fence
			err = l.Save(context.Background(), r)
		}
		fmt.Println(r.Key)
	}
	if err == nil {
		err = l.Close()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// reshape HOW FROM TO does to a file what people and their programs do.
func reshape(ts *testscript.TestScript, _ bool, args []string) {
	text := ts.ReadFile(args[1])
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	each := func(f func(string) any) (all []any) {
		for _, l := range lines {
			all = append(all, f(l))
		}
		return all
	}
	encode := func(o any, indent string) string {
		b, err := json.MarshalIndent(o, "", indent)
		ts.Check(err)
		return string(b) + "\n"
	}
	events := map[string]any{"events": each(func(l string) any { return map[string]any{"timestamp": 1, "message": l + "\n"} })}
	var zipped bytes.Buffer
	shapes := map[string]func() string{
		"export": func() string {
			z := gzip.NewWriter(&zipped)
			_, err := io.WriteString(z, "2026-01-02T03:04:05.678Z "+strings.Join(lines, "\n2026-01-02T03:04:05.678Z ")+"\n")
			ts.Check(errors.Join(err, z.Close()))
			return zipped.String()
		},
		"events": func() string { return encode(events, "    ") },
		"flat":   func() string { b, err := json.Marshal(events); ts.Check(err); return string(b) },
		"disguised": func() string {
			var b strings.Builder
			for _, o := range each(func(l string) any {
				return map[string]any{"level": "INFO", "message": l, "attributes": map[string]string{"name": l}}
			}) {
				line, err := json.Marshal(o)
				ts.Check(err)
				fmt.Fprintf(&b, "%s\n", line)
			}
			return b.String()
		},
		"torn-before": func() string { return text[:150] + "\n" + text },
		"torn":        func() string { return text[:len(text)-40] + "\nnonsense; $(rm -rf /)\n" },
		"dos":         func() string { return "\xef\xbb\xbf" + strings.Join(lines, "\r\n") },
		"utf16":       func() string { return "\xff\xfe" + strings.Join(strings.Split(text, ""), "\x00") + "\x00" },
		"elsewhere": func() string {
			return strings.Replace(text, `"region":"`+ts.Getenv("AWS_REGION"), `"region":"us-gov-east-1`, 1)
		},
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[2]), []byte(shapes[args[0]]()), 0o600))
}

// disk is a file on a disk that gets full, or breaks.
type disk struct {
	durable
	write, sync, end error
}

func (d disk) Write(p []byte) (int, error) {
	if d.write != nil {
		return 0, d.write
	}
	return d.durable.Write(p)
}

func (d disk) Sync() error { return errors.Join(d.durable.Sync(), d.sync) }

func (d disk) Close() error { return errors.Join(d.durable.Close(), d.end) }

func TestC7_154_AFileIsWrittenAsAWholeOrNotAtAll(t *testing.T) {
	full := errors.New("no space left on device")
	for name, broken := range map[string]disk{"a full disk": {write: full}, "a disk that does not sync": {sync: full}, "a disk that is full at the end": {end: full}} {
		for _, before := range []string{"", "old"} {
			t.Run(name+" "+before, func(t *testing.T) {
				dir := t.TempDir()
				path := filepath.Join(dir, "out")
				if before != "" {
					if err := os.WriteFile(path, []byte(before), 0o600); err != nil {
						t.Fatal(err)
					}
				}
				o := outFile{path: path, force: before != "", make: func(p string) (durable, error) {
					file, err := create(p)
					broken.durable = file
					return broken, err
				}}
				err := o.write(func(w io.Writer) error { _, err := io.WriteString(w, "new"); return err })
				if !errors.Is(err, full) {
					t.Errorf("got %v", err)
				}
				if data, _ := os.ReadFile(path); string(data) != before {
					t.Errorf("there is %q, want %q", data, before)
				}
				if files, _ := os.ReadDir(dir); len(files) > 1 || len(files) == 1 && before == "" {
					t.Errorf("left behind: %v", files)
				}
			})
		}
	}
	t.Run("a file that came to be meanwhile stays", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "out")
		err := outFile{path: path, make: create}.write(func(io.Writer) error { return os.WriteFile(path, []byte("other"), 0o600) })
		if data, _ := os.ReadFile(path); err == nil || string(data) != "other" {
			t.Errorf("%v, %q", err, data)
		}
	})
	t.Run("a link that came to be meanwhile is not followed", func(t *testing.T) {
		dir := t.TempDir()
		path, target := filepath.Join(dir, "out"), filepath.Join(dir, "target")
		err := outFile{path: path, force: true, make: create}.write(func(w io.Writer) error {
			_, _ = io.WriteString(w, "new")
			return errors.Join(os.WriteFile(target, []byte("target"), 0o600), os.Symlink(target, path))
		})
		data, _ := os.ReadFile(target)
		if got, _ := os.ReadFile(path); err != nil || string(data) != "target" || string(got) != "new" {
			t.Errorf("%v, %q, %q", err, data, got)
		}
	})
	t.Run("only its owner reads it", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "out")
		err := outFile{path: path, make: create}.write(func(w io.Writer) error { _, err := io.WriteString(w, "new"); return err })
		if info, failed := os.Stat(path); err != nil || failed != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%v, %v, %v", err, failed, info)
		}
	})
}
