package sqlite

import (
	"encoding/binary"
	"errors"
)

// errCell says that the bytes are no cell of a table.
var errCell = errors.New("no cell")

// value is one column of a row: a text or blob, or an integer.
type value struct {
	bytes  []byte
	number int64
	isText bool // text or blob
}

// cells gives the rows on a page that is a leaf of a table, as far as they can be read (SQLite, Database File Format,
// "B-tree Pages"). Any other page has none.
func (p *pages) cells(number uint32, page []byte, see func([]value)) {
	head := page
	if number == 1 {
		head = page[100:]
	}
	if head[0] != 0x0d {
		return
	}
	count := int(binary.BigEndian.Uint16(head[3:]))
	for i := range min(count, (len(head)-8)/2) {
		at := int(binary.BigEndian.Uint16(head[8+2*i:]))
		if at >= usable {
			continue
		}
		payload, err := p.payload(page[at:usable])
		if err != nil {
			continue
		}
		if row, err := columnsOf(payload); err == nil {
			see(row)
		}
	}
}

// maxPayload bounds what a damaged length can ask for: no run is near it.
const maxPayload = 16 << 20

// payload puts a cell's payload together: what does not fit on the page stands in a chain of others.
func (p *pages) payload(cell []byte) ([]byte, error) {
	length, n := varint(cell)
	_, m := varint(cell[n:]) // the rowid
	if n == 0 || m == 0 || length > maxPayload {
		return nil, errCell
	}
	cell = cell[n+m:]
	local := int(length)
	if local > usable-35 {
		least := (usable-12)*32/255 - 23
		local = least + (int(length)-least)%(usable-4)
		if local > usable-35 {
			local = least
		}
	}
	if len(cell) < local {
		return nil, errCell
	}
	payload := append([]byte(nil), cell[:local]...)
	if local == int(length) {
		return payload, nil
	}
	if len(cell) < local+4 {
		return nil, errCell
	}
	for next := binary.BigEndian.Uint32(cell[local:]); len(payload) < int(length); {
		if next == 0 || next > p.numbers() {
			// The rest is lost. The columns at the beginning, by which a run is known, may still be there.
			return append(payload, make([]byte, int(length)-len(payload))...), nil
		}
		page, _, _ := p.read(next)
		payload = append(payload, page[4:min(usable, 4+int(length)-len(payload))]...)
		next = binary.BigEndian.Uint32(page)
	}
	return payload, nil
}

// columnsOf reads a record (SQLite, Database File Format, "Record Format").
func columnsOf(payload []byte) (row []value, err error) {
	size, n := varint(payload)
	if n == 0 || size > uint64(len(payload)) || size < uint64(n) {
		return nil, errCell
	}
	types, body := payload[n:size], payload[size:]
	for len(types) > 0 {
		kind, n := varint(types)
		if n == 0 {
			return nil, errCell
		}
		types = types[n:]
		v, length, err := column(kind, body)
		if err != nil {
			return nil, err
		}
		row, body = append(row, v), body[length:]
	}
	return row, nil
}

func column(kind uint64, body []byte) (v value, length int, err error) {
	switch {
	case kind >= 12:
		if (kind-12)/2 > uint64(len(body)) {
			return v, 0, errCell
		}
		length = int((kind - 12) / 2)
		return value{bytes: body[:length], isText: true}, length, nil
	case kind == 8, kind == 9:
		return value{number: int64(kind - 8)}, 0, nil
	case kind == 0, kind == 7, kind > 9:
		return v, 0, errCell // no column of ours is empty or a fraction
	}
	length = [...]int{1: 1, 2: 2, 3: 3, 4: 4, 5: 6, 6: 8}[kind]
	if length > len(body) {
		return v, 0, errCell
	}
	n := int64(int8(body[0]))
	for _, b := range body[1:length] {
		n = n<<8 | int64(b)
	}
	return value{number: n}, length, nil
}

// varint is SQLite's: big-endian, 7 bits a byte, 8 in the ninth. n is 0 if it does not end.
func varint(b []byte) (v uint64, n int) {
	for i := range min(len(b), 9) {
		if i == 8 {
			return v<<8 | uint64(b[i]), 9
		}
		v = v<<7 | uint64(b[i]&0x7f)
		if b[i] < 0x80 {
			return v, i + 1
		}
	}
	return 0, 0
}
