package cognito

import "fmt"

const (
	lower    = "0123456789abcdefghijklmnopqrstuvwxyz"
	alphabet = lower + "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	digits   = "0123456789"
)

// letters makes n random letters of a set. That some come up a little more often does no harm here. The caller
// holds the lock.
func (s *Service) letters(n int, of string) string {
	b := make([]byte, n)
	s.o.Random(b)
	for i := range b {
		b[i] = of[int(b[i])%len(of)]
	}
	return string(b)
}

// uuid makes a random UUID (RFC 9562, version 4), the shape of every sub. The caller holds the lock.
func (s *Service) uuid() string {
	var b [16]byte
	s.o.Random(b[:])
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
