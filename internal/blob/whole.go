package blob

import (
	"bufio"
	"errors"
	"io"
	"slices"

	"prasan/internal/errs"
)

// Whole is a file that was received in one piece, for who stores it in his own way.
type Whole struct {
	Name, Type string
	Data       []byte
}

// ScanTypes are the kinds of file that a scan of paper may be.
var ScanTypes = []string{"application/pdf", "image/jpeg", "image/png"}

// Read receives a file of a few kinds through the same gate as attachments: its size, its
// type as its content shows it, a name that agrees with it. Faults are input errors of the
// field "attachment".
func Read(name string, r io.Reader, media ...string) (Whole, error) {
	w := Whole{Name: CleanName(name)}
	in := bufio.NewReaderSize(&limit{r: r, left: MaxFile, name: w.Name}, sniff)
	head, err := in.Peek(sniff)
	if err != nil && !errors.Is(err, io.EOF) {
		return Whole{}, received(err)
	}
	if len(head) == 0 {
		return Whole{}, errs.InvalidField("attachment", "error.file-empty", "name", w.Name)
	}
	t, ok := byMark(head)
	if !ok || !slices.Contains(media, t.Media) {
		return Whole{}, errs.InvalidField("attachment", "error.file-scan", "name", w.Name)
	}
	if w.Name, err = named(w.Name, t); err != nil {
		return Whole{}, err
	}
	w.Type = t.Media
	if w.Data, err = io.ReadAll(in); err != nil {
		return Whole{}, received(err)
	}
	return w, nil
}
