package simulation

import (
	"encoding/binary"
	"hash/fnv"
	"math/rand/v2"
	"time"
)

// dice is where all chance comes from. What is thrown for one purpose never depends on how often another was thrown,
// so the order in which goroutines run changes nothing.
type dice int64

// of are the dice for one purpose, for instance the third call of a step for a user.
func (d dice) of(purpose string, n ...int) *rand.Rand {
	h := fnv.New64a()
	_, _ = h.Write([]byte(purpose)) // never fails: hash.Hash
	for _, i := range n {
		_, _ = h.Write(binary.LittleEndian.AppendUint64(nil, uint64(i)))
	}
	return rand.New(rand.NewPCG(uint64(d), h.Sum64()))
}

// between draws a duration from a range.
func between(r *rand.Rand, least, most time.Duration) time.Duration {
	return least + time.Duration(r.Float64()*float64(most-least))
}

// among draws one of several.
func among[T any](r *rand.Rand, all ...T) T { return all[r.IntN(len(all))] }

// maybe is true with a probability.
func maybe(r *rand.Rand, p float64) bool { return r.Float64() < p }
