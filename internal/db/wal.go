package db

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
	"io/fs"
	"os"
)

// What follows reads SQLite's write-ahead log as sqlite.org/fileformat2.html, part 4,
// describes it.
const (
	walHeader   = 32
	frameHeader = 24
)

// PageSize is the length of a page of a SQLite database.
const PageSize = 4096

// Position is a moment of a SQLite database: so many frames of one log. Two logs are told
// apart by their salt, moments of one by the checksum that runs through its frames.
type Position struct {
	Salt  uint64 `json:"salt"`
	Frame int    `json:"frame"`
	Sum   uint64 `json:"sum"`
}

// wal reads the committed frames of a log, each time on from where it stopped.
type wal struct {
	path  string
	at    Position
	stop  Position // a commit at which to stop; zero for none
	pages uint32   // how long the database is after the last commit
}

// walFrame is a page in the log and where its bytes lie.
type walFrame struct {
	page   uint32
	offset int64
}

// read gives the frames of the commits since the last call. Where the log was begun anew
// it is read from its beginning.
func (l *wal) read() (frames []walFrame, err error) {
	f, err := os.Open(l.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, classify(err)
	}
	defer f.Close()
	head := make([]byte, walHeader)
	if _, err := f.ReadAt(head, 0); errors.Is(err, io.EOF) {
		return nil, nil // not a frame yet
	} else if err != nil {
		return nil, classify(err)
	}
	order, ok := byteOrder(head)
	if salt := binary.BigEndian.Uint64(head[16:]); !ok {
		return nil, nil // being written anew
	} else if salt != l.at.Salt {
		l.at = Position{Salt: salt, Sum: binary.BigEndian.Uint64(head[24:])}
	}
	return l.commits(f, order)
}

// byteOrder tells in which order the words of a log are summed, and whether its header
// is whole.
func byteOrder(head []byte) (binary.ByteOrder, bool) {
	var order binary.ByteOrder = binary.LittleEndian
	if binary.BigEndian.Uint32(head)&1 == 1 {
		order = binary.BigEndian
	}
	return order, checksum(order, 0, head[:24]) == binary.BigEndian.Uint64(head[24:]) && binary.BigEndian.Uint32(head[8:]) == PageSize
}

// commits reads on; what follows the last commit was not committed, or is being written.
func (l *wal) commits(f *os.File, order binary.ByteOrder) (done []walFrame, err error) {
	at := l.at
	offset := int64(walHeader) + int64(at.Frame)*(frameHeader+PageSize)
	in := bufio.NewReaderSize(io.NewSectionReader(f, offset, 1<<62), 1<<20)
	frame := make([]byte, frameHeader+PageSize)
	var open []walFrame
	for {
		if _, err := io.ReadFull(in, frame); err != nil {
			if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
				return done, nil
			}
			return done, classify(err)
		}
		if binary.BigEndian.Uint64(frame[8:]) != at.Salt {
			return done, nil // of an older log
		}
		at.Sum = checksum(order, checksum(order, at.Sum, frame[:8]), frame[frameHeader:])
		if at.Sum != binary.BigEndian.Uint64(frame[16:]) {
			return done, nil
		}
		at.Frame++
		open = append(open, walFrame{binary.BigEndian.Uint32(frame), offset + frameHeader})
		offset += frameHeader + PageSize
		if size := binary.BigEndian.Uint32(frame[4:]); size > 0 {
			done, open = append(done, open...), open[:0]
			l.at, l.pages = at, size
			if at == l.stop {
				return done, nil
			}
		}
	}
}

// checksum is the one of the log: two sums that run through words of 32 bits.
func checksum(order binary.ByteOrder, sum uint64, b []byte) uint64 {
	s1, s2 := uint32(sum>>32), uint32(sum)
	if order == binary.LittleEndian {
		for ; len(b) >= 8; b = b[8:] {
			s1 += binary.LittleEndian.Uint32(b) + s2
			s2 += binary.LittleEndian.Uint32(b[4:]) + s1
		}
		return uint64(s1)<<32 | uint64(s2)
	}
	for ; len(b) >= 8; b = b[8:] {
		s1 += binary.BigEndian.Uint32(b) + s2
		s2 += binary.BigEndian.Uint32(b[4:]) + s1
	}
	return uint64(s1)<<32 | uint64(s2)
}
