package sqs

import (
	"crypto/md5" // the algorithm that SQS uses to tell senders what has arrived; it protects nothing
	"encoding/binary"
	"encoding/hex"
	"maps"
	"slices"
)

func bodyMD5(body string) string {
	sum := md5.Sum([]byte(body))
	return hex.EncodeToString(sum[:])
}

// attributesMD5 follows the SQS Developer Guide, "Calculating the MD5 message digest for message attributes"; "" for
// no attributes. By name, each attribute adds
//
//	length of name (4 bytes) | name | length of type (4) | type | 1 for text, 2 for binary (1) | length of value (4) | value
func attributesMD5(attributes map[string]attribute) string {
	if len(attributes) == 0 {
		return ""
	}
	var b []byte
	add := func(part []byte) { b = append(binary.BigEndian.AppendUint32(b, uint32(len(part))), part...) }
	for _, name := range slices.Sorted(maps.Keys(attributes)) {
		a := attributes[name]
		add([]byte(name))
		add([]byte(a.DataType))
		if a.StringValue != nil {
			b = append(b, 1)
		} else {
			b = append(b, 2)
		}
		add(a.value())
	}
	sum := md5.Sum(b)
	return hex.EncodeToString(sum[:])
}
