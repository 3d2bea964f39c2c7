package sqs

import "container/heap"

// messageHeap orders messages by some moment, the earliest on top. Each message knows its place, so that any of them
// can be taken out in O(log n).
type messageHeap struct {
	items  []*message
	before func(a, b *message) bool
	place  func(m *message) *int
}

func byVisibility() *messageHeap {
	return &messageHeap{
		before: func(a, b *message) bool {
			if a.hiddenUntil.Equal(b.hiddenUntil) {
				return a.number < b.number
			}
			return a.hiddenUntil.Before(b.hiddenUntil)
		},
		place: func(m *message) *int { return &m.hiddenAt },
	}
}

func byAge() *messageHeap {
	return &messageHeap{
		before: func(a, b *message) bool { return a.sent.Before(b.sent) },
		place:  func(m *message) *int { return &m.ageAt },
	}
}

func (h *messageHeap) add(m *message)    { heap.Push(h, m) }
func (h *messageHeap) remove(m *message) { heap.Remove(h, *h.place(m)) }

// top is the earliest message, nil if there is none.
func (h *messageHeap) top() *message {
	if len(h.items) == 0 {
		return nil
	}
	return h.items[0]
}

// The five methods of heap.Interface; not to be called directly.

func (h *messageHeap) Len() int           { return len(h.items) }
func (h *messageHeap) Less(i, j int) bool { return h.before(h.items[i], h.items[j]) }

func (h *messageHeap) Swap(i, j int) {
	h.items[i], h.items[j] = h.items[j], h.items[i]
	*h.place(h.items[i]), *h.place(h.items[j]) = i, j
}

func (h *messageHeap) Push(x any) {
	m := x.(*message)
	*h.place(m) = len(h.items)
	h.items = append(h.items, m)
}

func (h *messageHeap) Pop() any {
	last := len(h.items) - 1
	m := h.items[last]
	h.items[last] = nil
	h.items = h.items[:last]
	return m
}
