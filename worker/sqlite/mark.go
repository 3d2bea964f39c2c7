package sqlite

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"
)

// mark is the file PATH.mark: which ledger stands here, and how many commits it had when a caller was last told of
// one. It is written after each commit and never forced to the disk, so it may lag behind the ledger, by a commit more
// where two processes write, and never runs ahead of it. A ledger with fewer commits than its mark has lost some that were acknowledged: SQLite takes damage in
// its log for the end of the log and says nothing. The same goes for a file that was deleted or replaced by an older
// copy, where going on could repeat every effect.
//
//	postconfirm ledger 3f9c…\n          the ledger's identity
//	commits 00000000000000001234\n
//	a1b2c3…\n                            16 hex digits of SHA-256 over the lines before
type mark struct {
	identity string
	commits  int64
}

func markPath(path string) string { return path + ".mark" }

func (m mark) text() string {
	text := fmt.Sprintf("postconfirm ledger %s\ncommits %020d\n", m.identity, m.commits)
	sum := sha256.Sum256([]byte(text))
	return text + hex.EncodeToString(sum[:8]) + "\n"
}

// parseMark reads a mark; one that is torn or empty counts as none.
func parseMark(text string) (m mark, ok bool) {
	lines := strings.SplitAfter(text, "\n")
	if len(lines) < 3 {
		return mark{}, false
	}
	m.identity = strings.TrimSuffix(strings.TrimPrefix(lines[0], "postconfirm ledger "), "\n")
	m.commits, _ = strconv.ParseInt(strings.TrimSuffix(strings.TrimPrefix(lines[1], "commits "), "\n"), 10, 64)
	return m, m.text() == text
}

func readMark(path string) (m mark, ok bool, err error) {
	text, err := os.ReadFile(markPath(path))
	if errors.Is(err, fs.ErrNotExist) {
		return mark{}, false, nil
	}
	if err != nil {
		return mark{}, false, unreadable(markPath(path), err)
	}
	m, ok = parseMark(string(text))
	return m, ok, nil
}

// remembered refuses to begin anew where a ledger stood.
func remembered(path string) error {
	before, ok, err := readMark(path)
	if err != nil || !ok || before.commits == 0 {
		return err
	}
	return &Unusable{Path: path, Problem: fmt.Sprintf("the ledger that was here is gone, with %d commits", before.commits),
		Next: "put it back; to begin anew and take the risk of repeated effects, delete " + markPath(path), Err: ErrDamaged}
}

// compare holds the ledger against what its mark remembers.
func (m mark) compare(path string) error {
	before, ok, err := readMark(path)
	if err != nil || !ok {
		return err
	}
	return m.against(before, path)
}

// against is compare with a mark that was read before the ledger: of one that somebody is writing, the other order
// could see a mark that is ahead.
func (m mark) against(before mark, path string) error {
	switch {
	case before.commits == 0:
		return nil
	case m.identity == "":
		return remembered(path)
	case before.identity != m.identity:
		return &Unusable{Path: path, Problem: "another ledger was here before",
			Next: "put that one back; to go on with this one, delete " + markPath(path), Err: ErrDamaged}
	case before.commits > m.commits:
		return &Unusable{Path: path, Problem: fmt.Sprintf("its last %d commits are missing: its log is damaged or gone, or the file is an older copy", before.commits-m.commits),
			Next: "keep a copy of it and of its -wal, put both back as they were; to go on without those commits and take the risk of repeated effects, delete " + markPath(path), Err: ErrDamaged}
	}
	return nil
}
