package ecms

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"io"
	"slices"
)

// Document is a GovernmentDocument as it was written. Its large files may be kept elsewhere.
type Document struct {
	text  []byte // without them
	files []fold
}

// length is how long it was written.
func (d *Document) length() int {
	n := len(d.text)
	for _, f := range d.files {
		n += f.length()
	}
	return n
}

// Large are the files that are not in its text, in their order.
func (d *Document) Large() []File {
	var out []File
	for _, f := range d.files {
		out = append(out, File{Size: f.size, Pieces: f.each})
	}
	return out
}

// Keep says where such a file is kept from now on.
func (d *Document) Keep(n int, f File) {
	if n < len(d.files) && f.Length() == d.files[n].size {
		d.files[n].pieces, d.files[n].from = nil, f.Each
	}
}

// write writes what follows a place in its text.
func (d *Document) write(w io.Writer, from int) error {
	for _, f := range d.files {
		if _, err := w.Write(d.text[from:f.at]); err != nil {
			return err
		}
		if err := f.write(w, asItIs); err != nil {
			return err
		}
		from = f.at
	}
	_, err := w.Write(d.text[from:])
	return err
}

// tree is what it says.
func (d *Document) tree() (*element, error) {
	return parseFolded(d.text, d.files)
}

// elsewhere is a file that is kept elsewhere, as it is told beside a document.
type elsewhere struct {
	At, Size int
	form
}

func (d *Document) elsewhere() (string, error) {
	out := make([]elsewhere, len(d.files))
	for i, f := range d.files {
		out[i] = elsewhere{f.at, f.size, f.form}
	}
	text, err := json.Marshal(out)
	return string(text), err
}

// lacking reads where files of a document are missing. They are kept elsewhere: until it is
// said where, nothing can be read of them.
func lacking(text string) ([]fold, error) {
	var all []elsewhere
	if text == "" {
		return nil, nil
	}
	if err := json.Unmarshal([]byte(text), &all); err != nil {
		return nil, err
	}
	var out []fold
	for _, x := range all {
		out = append(out, fold{x.At, &held{form: x.form, size: x.Size, from: func(func([]byte) error) error { return errLost }}})
	}
	return out, nil
}

// raw is an element as it was written, standing alone: what it inherits is declared in it.
func (e *element) raw() *Document {
	text := e.document[e.start:e.end]
	head := 1 + len(e.qualified())
	var more bytes.Buffer
	for _, a := range e.around {
		if has(e.attrs, a.Name) {
			continue
		}
		more.WriteString(" " + qualified(a.Name) + `="` + escaped(valueSigns, a.Value) + `"`)
	}
	out := &Document{text: slices.Concat(text[:head], more.Bytes(), text[head:])}
	for _, f := range e.folds() {
		out.files = append(out.files, fold{f.at - e.start + more.Len(), f.held})
	}
	return out
}

func qualified(n xml.Name) string {
	if n.Space == "" {
		return n.Local
	}
	return n.Space + ":" + n.Local
}

// folds are the files that were taken out of an element, in their order.
func (e *element) folds() []fold {
	var out []fold
	if e.file != nil {
		out = append(out, *e.file)
	}
	for _, c := range e.children {
		out = append(out, c.folds()...)
	}
	return out
}
