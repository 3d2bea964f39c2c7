// Command derive derives from the code which AWS actions each program of this module can call, and holds deploy/iam's
// ACTIONS.json against it; with -update it writes the file.
//
//	go run ./deploy/iam/derive [-update]
//
// It loads the programs with all they import, makes the call graph from each main function (variable type analysis over
// rapid type analysis: interface calls go to types that can really be there), and looks for methods of the SDK's clients
// that can be reached. For the operator's binary it does that for each command, from its RunE on.
//
// It promises to be wrong on one side only: a call that some value could make counts, even if no setting leads to it. It
// refuses a service whose name in IAM it does not know. It takes about a minute and a gigabyte. Exit codes: 0 the file
// is right or written, 1 it is not, or the code can't be read.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"

	"github.com/google/go-cmp/cmp"

	"github.com/postconfirm/postconfirm/deploy/iam"
)

func main() {
	update := flag.Bool("update", false, "write the file")
	file := flag.String("file", "deploy/iam/ACTIONS.json", "the `file`")
	dir := flag.String("dir", ".", "the module's `folder`")
	flag.Parse()
	if err := run(*dir, *file, *update); err != nil {
		fmt.Fprintln(os.Stderr, "derive:", err)
		os.Exit(1)
	}
}

func run(dir, file string, update bool) error {
	all, err := actions(dir)
	if err != nil {
		return err
	}
	now, err := iam.Encode(all)
	if err != nil {
		return err
	}
	if update {
		return os.WriteFile(file, now, 0o644)
	}
	before, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	if !bytes.Equal(before, now) {
		return fmt.Errorf("%s is not what the code says (- file, + code); go run ./deploy/iam/derive -update writes it:\n%s",
			file, cmp.Diff(string(before), string(now)))
	}
	fmt.Printf("derive: %s is what the code of %d programs says\n", file, len(all))
	return nil
}

// actions are those of every program by its name.
func actions(dir string) (map[string][]string, error) {
	p, err := load(dir, "./cmd/trigger", "./cmd/presignup", "./cmd/worker", "./cmd/postconfirm")
	if err != nil {
		return nil, err
	}
	all := map[string][]string{}
	for name, folder := range map[string]string{iam.Trigger: "cmd/trigger", iam.PreSign: "cmd/presignup", iam.Daemon: "cmd/worker"} {
		g := p.graph(folder)
		if all[name], err = g.actions(g.main, g.init()); err != nil {
			return nil, err
		}
		if name != iam.Daemon {
			continue
		}
		if err := g.cut(daemonOnly()...); err != nil {
			return nil, err
		}
		if all[iam.Function], err = g.actions(g.main, g.init()); err != nil {
			return nil, err
		}
	}
	return all, p.graph("cmd/postconfirm").commands(all)
}

// daemonOnly are the functions that a Lambda function never gets into: Run is what lambda.Start stands in place of, and
// checkClients returns at once there.
func daemonOnly() []string {
	const app = "github.com/postconfirm/postconfirm/worker/app"
	return []string{"(*" + app + ".App).Run", "(*" + app + ".Settings).checkClients"}
}
