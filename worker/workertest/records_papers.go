package workertest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/postconfirm/postconfirm/worker"
)

func (c *recordsCase) putPaper(p worker.Paper) worker.Paper {
	c.Helper()
	version, err := c.records.PutPaper(c.Context(), p)
	if err != nil || version <= p.Version {
		c.Fatalf("put %s/%s over version %d: version %d, %v", p.Drawer, p.Name, p.Version, version, err)
	}
	p.Version = version
	return p
}

func (c *recordsCase) paper(want worker.Paper) {
	c.Helper()
	got, ok, err := c.records.Paper(c.Context(), want.Drawer, want.Name)
	if err != nil || !ok {
		c.Fatalf("paper %s/%s: found %v, %v", want.Drawer, want.Name, ok, err)
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		c.Errorf("paper (-want +got):\n%s", diff)
	}
}

func (c *recordsCase) noPaper(drawer, name string) {
	c.Helper()
	if p, ok, err := c.records.Paper(c.Context(), drawer, name); ok || err != nil {
		c.Errorf("paper %s/%s: got %v, %v, %v", drawer, name, p, ok, err)
	}
}

func (c *recordsCase) keepsPapers() {
	c.noPaper("plans", "p-1")
	large := bytes.Repeat([]byte("\x00\xffé'"), worker.MaxPaper/5)
	for _, body := range [][]byte{[]byte(`{"a":1}`), nil, large} {
		p := worker.Paper{Drawer: "plans", Name: fmt.Sprint("p-", len(body)), Body: bytes.Clone(body)}
		put := c.putPaper(p)
		clear(p.Body) // what the caller changes later is not in the ledger
		put.Body = body
		c.paper(put)
		for _, next := range [][]byte{[]byte("second"), body} {
			put.Body = next
			put = c.putPaper(put)
			c.paper(put)
		}
	}
	c.noPaper("plans", "p-2")
	c.noPaper("other", "p-0")
}

func (c *recordsCase) refusesOldPapers() {
	moved := func(p worker.Paper) {
		c.Helper()
		if v, err := c.records.PutPaper(c.Context(), p); !errors.Is(err, worker.ErrPaperMoved) || v != 0 {
			c.Errorf("put over version %d: got version %d, %v, want ErrPaperMoved", p.Version, v, err)
		}
	}
	moved(worker.Paper{Drawer: "plans", Name: "p-1", Version: 1})
	first := c.putPaper(worker.Paper{Drawer: "plans", Name: "p-1", Body: []byte("first")})
	moved(worker.Paper{Drawer: "plans", Name: "p-1", Body: []byte("again")})
	second := first
	second.Body = []byte("second")
	second = c.putPaper(second)
	moved(first)
	later := second
	later.Version += 5
	moved(later)
	c.paper(second)
}

func (c *recordsCase) readsDrawers() {
	want := map[string][]worker.Paper{}
	for _, drawer := range []string{"plans", "plan", "plans2", "audit"} {
		for _, name := range []string{"a", "B", "a-1", "a.1", "a:1", "a_1", "Z", "0", "10", "2", "aa"} {
			p := worker.Paper{Drawer: drawer, Name: name, Body: []byte(drawer + name)}
			want[drawer] = append(want[drawer], c.putPaper(p))
		}
	}
	byName := cmpopts.SortSlices(func(a, b worker.Paper) bool { return a.Name < b.Name })
	for drawer, all := range want {
		var got []worker.Paper
		for after := ""; ; after = got[len(got)-1].Name {
			page, err := c.records.Papers(c.Context(), drawer, after, 4)
			if err != nil || len(page) > 4 {
				c.Fatalf("papers of %s behind %q: %d, %v", drawer, after, len(page), err)
			}
			for _, p := range page {
				if p.Name <= after {
					c.Fatalf("%q comes behind %q", p.Name, after)
				}
				after = p.Name
			}
			if got = append(got, page...); len(page) < 4 {
				break
			}
		}
		if diff := cmp.Diff(all, got, byName); diff != "" {
			c.Errorf("papers of %s (-want +got):\n%s", drawer, diff)
		}
	}
	if none, err := c.records.Papers(c.Context(), "nothing", "", 0); len(none) > 0 || err != nil {
		c.Errorf("an empty drawer: %v, %v", none, err)
	}
}

func (c *recordsCase) readsAHundredPapers() {
	for i := range 103 {
		c.putPaper(worker.Paper{Drawer: "audit", Name: fmt.Sprintf("%03d", i)})
	}
	first, err := c.records.Papers(c.Context(), "audit", "", 0)
	if err != nil || len(first) != 100 {
		c.Fatalf("%d papers, %v, want 100", len(first), err)
	}
	if rest, err := c.records.Papers(c.Context(), "audit", first[99].Name, -1); err != nil || len(rest) != 3 {
		c.Errorf("%d papers behind them, %v, want 3", len(rest), err)
	}
}

func (c *recordsCase) dropsPapers() {
	p := c.putPaper(worker.Paper{Drawer: "plans", Name: "p-1", Body: []byte("one")})
	other := c.putPaper(worker.Paper{Drawer: "plans", Name: "p-2", Body: []byte("two")})
	for range 2 {
		if err := c.records.DropPaper(c.Context(), "plans", "p-1"); err != nil {
			c.Fatal(err)
		}
		c.noPaper("plans", "p-1")
	}
	if _, err := c.records.PutPaper(c.Context(), p); !errors.Is(err, worker.ErrPaperMoved) {
		c.Errorf("put over one that was dropped: %v", err)
	}
	c.paper(c.putPaper(worker.Paper{Drawer: "plans", Name: "p-1", Body: []byte("anew")}))
	c.paper(other)
}

func (c *recordsCase) refusesBadPapers() {
	for _, p := range []worker.Paper{{}, {Drawer: "plans"}, {Name: "p"}, {Drawer: "plans", Name: "../x"}, {Drawer: "a/b", Name: "x"}, {Drawer: "plans", Name: "x y"},
		{Drawer: "plans", Name: strings.Repeat("x", 201)}, {Drawer: "plans", Name: "é"}, {Drawer: "plans", Name: "p", Body: make([]byte, worker.MaxPaper+1)}} {
		if _, err := c.records.PutPaper(c.Context(), p); err == nil {
			c.Errorf("%q/%q of %d bytes was put", p.Drawer, p.Name, len(p.Body))
		}
	}
}

func (c *recordsCase) hasOnePaperWinner() {
	for version := range int64(3) {
		winners, was := 0, worker.Paper{Drawer: "plans", Name: "p-1"}
		if version > 0 {
			was, _, _ = c.records.Paper(c.Context(), "plans", "p-1")
		}
		for _, err := range crowd(32, func(i int) error {
			p := was
			p.Body = fmt.Append(nil, i)
			_, err := c.records.PutPaper(c.Context(), p)
			return err
		}) {
			switch {
			case err == nil:
				winners++
			case !errors.Is(err, worker.ErrPaperMoved):
				c.Errorf("a loser got %v", err)
			}
		}
		if winners != 1 {
			c.Errorf("%d winners, want 1", winners)
		}
	}
}

// keepsPapersApart has papers beside a run: nothing that reads runs meets them.
func (c *recordsCase) keepsPapersApart() {
	for i := range 5 {
		c.putPaper(worker.Paper{Drawer: "plans", Name: fmt.Sprint(i), Body: []byte("x")})
	}
	r := c.put(1, worker.Done, 0)
	c.putPaper(worker.Paper{Drawer: "plans", Name: r.Key, Body: []byte("x")})
	if runs := c.list(worker.Filter{}); len(runs) != 1 {
		c.Errorf("%d runs are listed, want 1", len(runs))
	}
	c.overview(map[worker.RunState]int{worker.Done: 1}, time.Time{})
	c.unerased(start().Add(time.Hour))
	if groups, err := c.records.Groups(c.Context(), worker.Filter{}, worker.Trend{}); err != nil || len(groups) != 1 || groups[0].Runs != 1 {
		c.Errorf("groups: %+v, %v", groups, err) // the open effects of a run with all fields set
	}
	c.same(c.read(r.Key), r)
}

func (c *recordsCase) honoursContextsOfPapers() {
	p := c.putPaper(worker.Paper{Drawer: "plans", Name: "p-1", Body: []byte("one")})
	again := p
	again.Body = []byte("two")
	_, put := c.records.PutPaper(canceled(), again)
	_, _, one := c.records.Paper(canceled(), "plans", "p-1")
	_, many := c.records.Papers(canceled(), "plans", "", 0)
	_, groups := c.records.Groups(canceled(), worker.Filter{}, worker.Trend{})
	_, _, find := c.records.Find(canceled(), person(sub(1)))
	for call, err := range map[string]error{"put": put, "paper": one, "papers": many, "drop": c.records.DropPaper(canceled(), "plans", "p-1"),
		"groups": groups, "find": find} {
		if !errors.Is(err, context.Canceled) {
			c.Errorf("%s: got %v, want context.Canceled", call, err)
		}
	}
	c.paper(p)
}
