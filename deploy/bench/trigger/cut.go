package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// period is that of the scheduler's quota, in microseconds.
const period = 20_000

// cut is a group of processes that gets a share of one CPU (Linux, CFS bandwidth control). It is made before the process
// that it is for, so that moving it in costs one write.
type cut struct{ dir string }

// newCut makes a group, in cgroup v1 or v2. Its error says that this machine doesn't let us.
func newCut(share int) (*cut, error) {
	quota := strconv.Itoa(max(period*share/100, 1000)) // the kernel's least
	var errs []error
	for _, g := range []struct {
		root  string
		files [][2]string
	}{
		{"/sys/fs/cgroup/cpu", [][2]string{{"cpu.cfs_period_us", strconv.Itoa(period)}, {"cpu.cfs_quota_us", quota}}},
		{"/sys/fs/cgroup", [][2]string{{"cpu.max", quota + " " + strconv.Itoa(period)}}},
	} {
		c, err := group(g.root, g.files)
		if err == nil {
			return c, nil
		}
		errs = append(errs, err)
	}
	return nil, fmt.Errorf("no CPU quota: %w", errors.Join(errs...))
}

func group(root string, files [][2]string) (*cut, error) {
	dir, err := os.MkdirTemp(root, "postconfirm-bench-")
	if err != nil {
		return nil, err
	}
	c := &cut{dir}
	for _, f := range files {
		if err := os.WriteFile(filepath.Join(dir, f[0]), []byte(f[1]), 0o600); err != nil {
			return nil, errors.Join(err, c.remove())
		}
	}
	return c, nil
}

// take moves a process into the group.
func (c *cut) take(pid int) error {
	return os.WriteFile(filepath.Join(c.dir, "cgroup.procs"), []byte(strconv.Itoa(pid)), 0o600)
}

// remove ends the group; it has no process any more.
func (c *cut) remove() error { return os.Remove(c.dir) }

// memory is what a process has in RAM now, in bytes; 0 where the system doesn't tell (proc(5)).
func memory(pid int) int64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	_, after, _ := strings.Cut(string(text), "VmRSS:")
	fields := strings.Fields(after)
	if len(fields) == 0 {
		return 0
	}
	kb, _ := strconv.ParseInt(fields[0], 10, 64) // 0 for what is no number
	return kb << 10
}

// used is the CPU time that a process has had, in ticks of 10 ms; 0 where the system doesn't tell (proc(5)).
func used(pid int) int64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	_, after, _ := strings.Cut(string(text), ") ")
	fields := strings.Fields(after)
	if len(fields) < 13 {
		return 0
	}
	user, _ := strconv.ParseInt(fields[11], 10, 64)
	system, _ := strconv.ParseInt(fields[12], 10, 64)
	return user + system
}
