package worker

import (
	"container/heap"
	"context"
	"sync"
	"time"
)

// The caps on messages that wait out their visibility. Every one of them counts as in flight, of which SQS has about
// 120,000 (Quotas, Amazon SQS developer guide): beyond that nothing more is received at all.
const (
	maxHiddenSick = 10_000  // default, while a dependency is sick: the rest may as well wait in the queue
	maxHiddenEver = 100_000 // always
)

// hidden counts the messages that this daemon hid and that have not come back yet.
type hidden struct {
	most int // while a dependency is sick
	mu   sync.Mutex
	end  times
}

// add notes a message that comes back at a time.
func (h *hidden) add(back time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	heap.Push(&h.end, back)
}

// count is how many are hidden now.
func (h *hidden) count(now time.Time) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	for len(h.end) > 0 && !h.end[0].After(now) {
		heap.Pop(&h.end)
	}
	return len(h.end)
}

// room waits until another message may be received: below the cap, or the sickness over.
func (h *hidden) room(ctx context.Context, sick func() bool) {
	for ctx.Err() == nil {
		n := h.count(time.Now())
		if n < h.most || n < maxHiddenEver && !sick() {
			return
		}
		sleep(ctx, time.Second)
	}
}

// times is a heap, the earliest first.
type times []time.Time

func (t times) Len() int           { return len(t) }
func (t times) Less(i, j int) bool { return t[i].Before(t[j]) }
func (t times) Swap(i, j int)      { t[i], t[j] = t[j], t[i] }
func (t *times) Push(x any)        { *t = append(*t, x.(time.Time)) }

func (t *times) Pop() any {
	last := (*t)[len(*t)-1]
	*t = (*t)[:len(*t)-1]
	return last
}
