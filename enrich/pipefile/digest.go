package pipefile

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"hash"

	"go.yaml.in/yaml/v4"
)

// digest is one of what a node says, as two files that say the same have it: comments, layout, quotes and the order of
// keys that stand beside each other are not part of it.
func digest(n *yaml.Node) string {
	sum := sum(n)
	return hex.EncodeToString(sum[:])
}

func sum(n *yaml.Node) [sha256.Size]byte {
	h := sha256.New()
	put(h, []byte{byte(n.Kind)})
	switch n.Kind {
	case yaml.MappingNode:
		var all [sha256.Size]byte // the sum of the entries' sums: their order has no say
		for i := 0; i+1 < len(n.Content); i += 2 {
			key, value := sum(n.Content[i]), sum(n.Content[i+1])
			entry := sha256.Sum256(append(key[:], value[:]...))
			for b := range all {
				all[b] ^= entry[b]
			}
		}
		put(h, all[:])
	case yaml.SequenceNode:
		for _, item := range n.Content {
			one := sum(item)
			put(h, one[:])
		}
	default:
		put(h, []byte(n.Tag))
		put(h, []byte(n.Value))
	}
	return [sha256.Size]byte(h.Sum(nil))
}

// put writes a part with its length, so that no two lists of parts are the same bytes.
func put(h hash.Hash, part []byte) {
	var size [8]byte
	binary.BigEndian.PutUint64(size[:], uint64(len(part)))
	_, _ = h.Write(size[:]) // a hash never fails
	_, _ = h.Write(part)
}
