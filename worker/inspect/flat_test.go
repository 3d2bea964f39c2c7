package inspect_test

import (
	"context"
	"fmt"
	"runtime"
	"testing"

	"github.com/postconfirm/postconfirm/worker"
	"github.com/postconfirm/postconfirm/worker/inspect"
	"github.com/postconfirm/postconfirm/worker/workertest/fake"
)

// endless is an index of n runs that are made when they are read.
type endless struct {
	fake.Records
	run worker.Run
	n   int
}

func (e endless) List(_ context.Context, f worker.Filter) (page []worker.Run, err error) {
	from := 0
	if f.After != "" {
		if _, err := fmt.Sscanf(f.After, "k%d", &from); err != nil {
			return nil, err
		}
		from++
	}
	for n := from; n < min(e.n, from+f.Limit); n++ {
		r := e.run
		r.Key = fmt.Sprintf("k%025d", n)
		page = append(page, r)
	}
	return page, nil
}

// heap is what is in use after a collection.
func heap() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

func TestMemoryStaysFlatOverALongList(t *testing.T) {
	const runs, most = 100_000, 6 << 20
	i := &inspect.Inspector{Index: endless{run: parked(0, "http_503"), n: runs}}
	before, n := heap(), 0
	listed, err := i.Each(t.Context(), inspect.Query{}, func(inspect.Row) error {
		if n++; n%20_000 == 0 {
			if grown := heap() - before; grown > most {
				t.Errorf("after %d rows %d bytes more are in use", n, grown)
			}
		}
		return nil
	})
	if err != nil || listed.Rows != runs || listed.More {
		t.Fatalf("%+v, %v", listed, err)
	}
}
