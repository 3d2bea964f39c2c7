//go:build unix

package kill

import (
	"context"
	"fmt"
	"strings"
	"syscall"
	"time"

	"github.com/postconfirm/postconfirm/deploy/reliability/failpoint"
)

// TwoWorkers starts a second worker on the ledger of a first: it must refuse, and say who has it.
func TwoWorkers(ctx context.Context, o Options) (v Verdict, err error) {
	return inWorld(ctx, o, 1, func(w *World) error {
		first, err := w.start(failpoint.Orders{})
		if err != nil {
			return err
		}
		first.ready()
		second, err := w.start(failpoint.Orders{})
		if err != nil {
			return err
		}
		ended := second.wait(20 * time.Second)
		second.kill(Moment)
		<-second.ended
		first.signal(syscall.SIGTERM)
		<-first.ended
		says, pid := second.journal.tail(), fmt.Sprint(first.cmd.Process.Pid)
		if !ended || second.cmd.ProcessState.ExitCode() != 2 || !strings.Contains(says, pid) {
			return fmt.Errorf("kill: a second worker on one ledger ended with %s and said:\n%s", second.cmd.ProcessState, says)
		}
		return nil
	})
}
