package runbooks_test

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/postconfirm/postconfirm/deploy/runbooks"
	"github.com/postconfirm/postconfirm/worker/inspect"
)

var update = flag.Bool("update", false, "write the index")

// sections are those of every page, in this order.
var sections = []string{"What it means", "What users feel", "Look here", "Mend it", "When to escalate"}

func TestEveryPageHasItsFiveSections(t *testing.T) {
	for _, name := range append(runbooks.Alarms(), runbooks.Reasons()...) {
		t.Run(name, func(t *testing.T) {
			text := runbooks.Page(name)
			title, rest, _ := strings.Cut(text, "\n")
			if title != "# "+name {
				t.Errorf("the title is %q", title)
			}
			var got []string
			for i, part := range strings.Split("\n"+rest, "\n## ") {
				if i == 0 {
					continue
				}
				heading, body, _ := strings.Cut(part, "\n")
				if got = append(got, heading); len(strings.TrimSpace(body)) < 5 {
					t.Errorf("%s says nothing", heading)
				}
				if heading == "Look here" && len(commands(body)) == 0 {
					t.Error("there is no command to look with")
				}
			}
			if !slices.Equal(got, sections) {
				t.Error(cmp.Diff(sections, got))
			}
		})
	}
}

// outside are AWS's commands that pages may name.
var outside = []string{"cloudwatch get-metric-statistics", "cognito-idp describe-user-pool", "dynamodb describe-limits", "dynamodb describe-table",
	"lambda get-account-settings", "lambda get-function-concurrency", "lambda get-function-configuration", "lambda list-event-source-mappings",
	"lambda update-alias", "logs filter-log-events", "logs tail", "sesv2 get-account", "sesv2 list-suppressed-destinations", "sqs get-queue-attributes", "sts get-caller-identity"}

// call is a command line in a block of commands, or the beginning of code inside a sentence.
var call = regexp.MustCompile("(?m)(?:^|`|\\| )(postconfirm|aws) ([a-z0-9-]+)(?: ([a-z-]+))?")

func commands(text string) (all []string) {
	for _, m := range call.FindAllStringSubmatch(text, -1) {
		all = append(all, strings.TrimSpace(m[1]+" "+m[2]+" "+m[3]))
	}
	return all
}

// Our own commands are read by the program itself, in a test of cmd/postconfirm.
func TestEveryCommandOfAWSInAPageIsKnown(t *testing.T) {
	used := map[string]bool{}
	for _, name := range append(runbooks.Alarms(), runbooks.Reasons()...) {
		for _, c := range commands(runbooks.Page(name)) {
			theirs, is := strings.CutPrefix(c, "aws ")
			if used[theirs] = true; is && !slices.Contains(outside, theirs) {
				t.Errorf("%s: %q is not known", name, c)
			}
		}
	}
	for _, c := range outside {
		if !used[c] {
			t.Errorf("no page names %q: take it off the list", c)
		}
	}
}

// link is a relative link of Markdown; place a path of the repository.
var (
	link  = regexp.MustCompile(`\]\(([A-Za-z_.-]+)\)`)
	place = regexp.MustCompile(`\bdeploy/[A-Za-z/._-]+\.(?:md|json|yaml)`)
)

func TestEveryLinkLeadsSomewhere(t *testing.T) {
	for _, name := range append(runbooks.Alarms(), runbooks.Reasons()...) {
		text := runbooks.Page(name)
		for _, m := range link.FindAllStringSubmatch(text, -1) {
			if runbooks.Path(strings.TrimSuffix(m[1], ".md")) == "" {
				t.Errorf("%s: there is no page %s", name, m[1])
			}
		}
		for _, m := range place.FindAllString(text, -1) {
			if _, err := os.Stat(filepath.Join("..", "..", m)); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

// ofTheTrigger are the codes of log lines; all others are in the worker's table.
var ofTheTrigger = []string{"alias_unknown", "enqueue_denied", "enqueue_failed", "enqueue_timeout", "event_unreadable"}

func TestEveryReasonHasAPageAndEveryPageAReason(t *testing.T) {
	want := slices.Clone(ofTheTrigger)
	for _, e := range inspect.Reasons() {
		want = append(want, e.Code)
	}
	slices.Sort(want)
	if diff := cmp.Diff(want, runbooks.Reasons()); diff != "" {
		t.Errorf("codes (-) and pages (+):\n%s", diff)
	}
	for _, code := range ofTheTrigger {
		found := exec.Command("grep", "-rqF", "--include=*.go", "--exclude=*_test.go", `"`+code+`"`, "../../trigger")
		if err := found.Run(); err != nil {
			t.Errorf("no code of trigger says %q: %v", code, err)
		}
	}
}

func TestThePathOfAPage(t *testing.T) {
	for code, want := range map[string]string{"crash_loop": "deploy/runbooks/crash_loop.md", "dlq-depth": "deploy/runbooks/dlq-depth.md", "README": "",
		"no_such_code": "", "../sizing/SIZING": "", "": ""} {
		if got := runbooks.Path(code); got != want {
			t.Errorf("%q: %q, want %q", code, got, want)
		}
	}
	if runbooks.Page("no_such_code") != "" {
		t.Error("a page from nowhere")
	}
}

const head = `# Runbooks

Made from the pages: ` + "`go test ./deploy/runbooks -update`" + `. A page with a hyphen is an alarm's, the others are reason codes, as runs, dead letters and log
lines have them. Codes of connectors are in ` + "`enrich/connect/*/REFERENCE.md`" + `.

The commands use these variables; the outputs of the stack have their values:

` + "```sh" + `
export NAME=postconfirm                       # the parameter Name
export POSTCONFIRM_LEDGER=dynamodb:postconfirm-ledger
export POSTCONFIRM_QUEUE_URL=… POSTCONFIRM_DLQ_URL=…   # the outputs QueueUrl and DeadLettersUrl
export POSTCONFIRM_PIPELINE=…                 # as the worker has it
export POOL=… TICKET=…                        # the pool's id; why you do it, which is kept with what you do
# KEY is a run's key, STEP a step's id, CODE a reason code, PLAN what replay plan printed, VERSION a function's version before
` + "```" + `
`

func TestTheIndexIsMadeFromThePages(t *testing.T) {
	var b strings.Builder
	b.WriteString(head)
	list := func(heading string, names []string) {
		fmt.Fprintf(&b, "\n## %s\n\n| page | means |\n|---|---|\n", heading)
		for _, name := range names {
			_, text, _ := strings.Cut(runbooks.Page(name), "## What it means\n\n")
			sentence, _, _ := strings.Cut(text, "\n")
			if i := strings.Index(sentence, ". "); i > 0 {
				sentence = sentence[:i+1]
			}
			fmt.Fprintf(&b, "| [%s](%s.md) | %s |\n", name, name, strings.ReplaceAll(sentence, "|", "\\|"))
		}
	}
	list("Alarms", runbooks.Alarms())
	list("Reasons", runbooks.Reasons())
	if *update {
		if err := os.WriteFile("README.md", []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(b.String(), string(got)); diff != "" {
		t.Errorf("README.md is old; go test ./deploy/runbooks -update writes it:\n%s", diff)
	}
}
