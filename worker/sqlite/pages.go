package sqlite

import (
	"encoding/binary"
	"errors"
	"io"
	"io/fs"
	"os"
)

// The measures of a ledger's pages (SQLite, Database File Format): 8 of each are its checksum.
const (
	pageSize  = 4096
	usable    = pageSize - 8
	logHeader = 32
	frameHead = 24
)

// pages reads a ledger page by page, without SQLite: whatever is damaged, the rest is still there. The newest version
// of a page is in the log, if that has one.
type pages struct {
	file, log *os.File         // log is nil if there is none
	count     int              // pages of the file
	framed    map[uint32]int64 // page number → number of its newest sound frame, from 1
	broken    []int64          // frames that are not as they were written
}

func openPages(path string) (p *pages, err error) {
	p = &pages{framed: map[uint32]int64{}}
	if p.file, err = os.Open(path); err != nil {
		return nil, unreadable(path, err)
	}
	info, err := p.file.Stat()
	if err == nil {
		p.count = int((info.Size() + pageSize - 1) / pageSize)
		p.log, err = os.Open(path + "-wal")
	}
	if errors.Is(err, fs.ErrNotExist) {
		return p, nil
	}
	if err == nil {
		err = p.readLog()
	}
	if err != nil {
		return nil, errors.Join(unreadable(path+"-wal", err), p.close())
	}
	return p, nil
}

func (p *pages) close() error {
	if p.log == nil {
		return p.file.Close()
	}
	return errors.Join(p.file.Close(), p.log.Close())
}

// readLog finds the frames of the log. Each carries a checksum that goes on from that of the one before, so one that is
// damaged does not hide those behind it. What was never committed is left out; where a frame is damaged nobody knows
// what was.
func (p *pages) readLog() error {
	head := make([]byte, logHeader)
	if _, err := io.ReadFull(p.log, head); err != nil {
		return ended(err)
	}
	var order binary.ByteOrder = binary.LittleEndian
	switch binary.BigEndian.Uint32(head) {
	case 0x377f0682:
	case 0x377f0683:
		order = binary.BigEndian
	default: // damaged: the first frame knows whose they are as well
		_, _ = p.log.ReadAt(head[16:24], logHeader+8)
	}
	last, tail := head[24:32], map[uint32]int64{}
	frame := make([]byte, frameHead+pageSize)
	for n := int64(1); ; n++ {
		if _, err := io.ReadFull(p.log, frame); err != nil {
			return ended(err)
		}
		if string(frame[8:16]) != string(head[16:24]) {
			if !p.goesOn(head, n) {
				return nil // what an older log has left
			}
			p.broken = append(p.broken, n)
			continue
		}
		if sumOf(order, seed(last), frame[:8], frame[frameHead:]) != seed(frame[16:24]) {
			p.broken = append(p.broken, n)
		} else {
			tail[binary.BigEndian.Uint32(frame)] = n
			if binary.BigEndian.Uint32(frame[4:]) != 0 { // the last frame of a commit
				for page, at := range tail {
					p.framed[page] = at
				}
				clear(tail)
			}
		}
		last = append([]byte(nil), frame[16:24]...)
	}
}

// goesOn tells whether any frame behind the n-th belongs to this log.
func (p *pages) goesOn(head []byte, n int64) bool {
	salt := make([]byte, 8)
	for ; ; n++ {
		if _, err := p.log.ReadAt(salt, logHeader+n*(frameHead+pageSize)+8); err != nil {
			return false
		}
		if string(salt) == string(head[16:24]) {
			return true
		}
	}
}

func ended(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return nil
	}
	return err
}

// read gives the newest version of a page, the frame that it stands in (0 for the file), and whether its own checksum is
// right. A page that ends early is filled with zeros.
func (p *pages) read(number uint32) (data []byte, frame int64, sound bool) {
	data = make([]byte, pageSize)
	if frame = p.framed[number]; frame > 0 { // whose own checksum is right; the page gets its when it goes to the file
		_, _ = p.log.ReadAt(data, logHeader+(frame-1)*(frameHead+pageSize)+frameHead)
		return data, frame, true
	}
	_, _ = p.file.ReadAt(data, int64(number-1)*pageSize)
	sum := sumOf(binary.LittleEndian, [2]uint32{}, data[:usable])
	return data, frame, sum == [2]uint32{binary.LittleEndian.Uint32(data[usable:]), binary.LittleEndian.Uint32(data[usable+4:])}
}

// inFrame gives the page that a broken frame has, whichever it is.
func (p *pages) inFrame(n int64) []byte {
	data := make([]byte, pageSize)
	_, _ = p.log.ReadAt(data, logHeader+(n-1)*(frameHead+pageSize)+frameHead)
	return data
}

// numbers are all pages there are, in the file or only in the log.
func (p *pages) numbers() uint32 {
	most := uint32(p.count)
	for number := range p.framed {
		most = max(most, number)
	}
	return most
}

func seed(b []byte) [2]uint32 {
	return [2]uint32{binary.BigEndian.Uint32(b), binary.BigEndian.Uint32(b[4:])}
}

// sumOf is the checksum of SQLite's log (Write-Ahead Log File Format, "Checksum Algorithm"), and of its pages (The
// Checksum VFS Shim).
func sumOf(order binary.ByteOrder, s [2]uint32, parts ...[]byte) [2]uint32 {
	for _, part := range parts {
		for ; len(part) >= 8; part = part[8:] {
			s[0] += order.Uint32(part) + s[1]
			s[1] += order.Uint32(part[4:]) + s[0]
		}
	}
	return s
}
