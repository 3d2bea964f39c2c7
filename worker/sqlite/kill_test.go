package sqlite_test

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/postconfirm/postconfirm/worker"
	"github.com/postconfirm/postconfirm/worker/sqlite"
)

// The test binary plays another process when it is told so by its environment.
const (
	childRole = "POSTCONFIRM_TEST_CHILD" // what it does
	childPath = "POSTCONFIRM_TEST_PATH"  // on which ledger
	childFrom = "POSTCONFIRM_TEST_FROM"  // number of its first run
)

func child(role string) int {
	switch role {
	case "save":
		return saveUntilKilled()
	case "amend":
		return amendUntilKilled()
	case "open":
		return openAndSay()
	}
	return 2
}

// saveUntilKilled finishes runs, eight at a time, and prints the number of each that was acknowledged.
func saveUntilKilled() int {
	fmt.Println("begin")
	l, err := sqlite.Open(os.Getenv(childPath), nil)
	if err != nil {
		fmt.Println(err)
		return 1
	}
	from, _ := strconv.Atoi(os.Getenv(childFrom))
	err = crowd(8, func(k int) error {
		for i := from + k; ; i += 8 {
			if err := eventful(context.Background(), l, i); err != nil {
				return err
			}
			fmt.Println("saved", i)
		}
	})
	fmt.Println(err)
	return 1
}

// openAndSay opens the ledger and prints what Open says.
func openAndSay() int {
	l, err := sqlite.Open(os.Getenv(childPath), nil)
	if err != nil {
		fmt.Println(err)
		return 1
	}
	fmt.Println("opened", l.Close())
	return 0
}

func childCommand(t *testing.T, role, path string, from int) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := exec.CommandContext(t.Context(), self)
	c.Env = append(os.Environ(), childRole+"="+role, childPath+"="+path, childFrom+"="+strconv.Itoa(from))
	return c
}

// killAfter runs a child and kills it when it has printed so many lines; 0 lets it end by itself. It gives the runs that the child
// had acknowledged, those that were printed on its way to death included.
func killAfter(t *testing.T, role, path string, from, lines int) (saved []int) {
	t.Helper()
	c := childCommand(t, role, path, from)
	out, err := c.StdoutPipe()
	if err == nil {
		err = c.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	said := bufio.NewScanner(out)
	for n := 1; said.Scan(); n++ {
		if number, ok := strings.CutPrefix(said.Text(), "saved "); ok {
			i, err := strconv.Atoi(number)
			if err != nil {
				t.Fatalf("the child said %q", said.Text())
			}
			saved = append(saved, i)
		} else if said.Text() != "begin" {
			t.Fatalf("the child said %q", said.Text())
		}
		if n == lines {
			if err := c.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	_ = c.Wait() // killed
	return saved
}

func TestWhatWasAcknowledgedSurvivesKills(t *testing.T) {
	const kills = 40
	path, r := filepath.Join(t.TempDir(), "ledger.db"), rand.New(rand.NewPCG(3, 4))
	all := map[int]bool{}
	for kill := range kills {
		lines := 1 + r.IntN(200)
		if kill%4 == 0 {
			lines = 1 // while it opens; the first time, while it creates
		}
		for _, i := range killAfter(t, "save", path, kill*1_000_000, lines) {
			all[i] = true
		}
		if kill%5 == 4 {
			acknowledged(t, path, all) // the other children find the log of the one that was killed
		}
	}
	acknowledged(t, path, all)
	t.Logf("%d runs were acknowledged over %d kills, none is missing", len(all), kills)
	if len(all) < kills {
		t.Errorf("only %d runs were acknowledged: the kills came too early to prove anything", len(all))
	}
}

// acknowledged demands that the runs are there and done.
func acknowledged(t *testing.T, path string, runs map[int]bool) {
	t.Helper()
	l := open(t, path, nil)
	defer shut(t, l)
	for i := range runs {
		run, ok, err := l.Run(t.Context(), person(i).Key())
		if err != nil || !ok || run.State != worker.Done || run.Written["custom:company"].Digest != fmt.Sprintf("digest %d", i) {
			t.Fatalf("run %d was acknowledged: found %v, state %s, %v", i, ok, run.State, err)
		}
		want := paperOf(i)
		paper, ok, err := l.Paper(t.Context(), want.Drawer, want.Name)
		if i%5 == 0 && (err != nil || !ok || paper.Version != 1 || string(paper.Body) != string(want.Body)) {
			t.Fatalf("the paper of run %d was acknowledged: found %v, version %d, %v", i, ok, paper.Version, err)
		}
	}
	if _, err := l.Verify(t.Context()); err != nil {
		t.Fatal(err)
	}
}
