package event

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"strings"
)

// RunKey names the run of one user in one generation: 26 characters of a-v and 0-9. The same three values give the
// same key on every machine and in every version; nothing personal can be read out of it, so it is what logs carry.
// Every part counts with its length, so no two different users can be spelled into one key.
func RunKey(pool, sub, generation string) string {
	h := sha256.New()
	var size [8]byte
	for _, part := range [...]string{"postconfirm/run/1", pool, sub, generation} {
		binary.BigEndian.PutUint64(size[:], uint64(len(part)))
		h.Write(size[:])
		h.Write([]byte(part))
	}
	return strings.ToLower(base32.HexEncoding.WithPadding(base32.NoPadding).EncodeToString(h.Sum(nil)[:16]))
}
