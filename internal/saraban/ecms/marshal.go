package ecms

import "bytes"

// Marshal writes an item as it lies in a queue, and Unmarshal reads it. The large files of
// a document (Document.Large) are not in it, only where they stood and how they were written.
func Marshal(i *Item) ([]byte, error) {
	var out bytes.Buffer
	out.Grow(i.size())
	p := &printer{w: &out}
	if i.Letter == nil || i.Letter.Document == nil {
		p.in("Item", func() { p.item(i) })
		return out.Bytes(), p.err
	}
	files, err := i.Letter.Document.elsewhere()
	if err != nil {
		return nil, err
	}
	p.in(`Item files="`+escaped(valueSigns, files)+`"`, func() {
		p.receipt(i.Receipt)
		_, _ = out.Write(i.Letter.Document.text)
	})
	return out.Bytes(), p.err
}

// size is about how long an item is when it is written, so that memory is taken once.
func (i *Item) size() int {
	const rest = 8 << 10
	if i.Letter == nil {
		return rest
	}
	if i.Letter.Document != nil {
		return rest + len(i.Letter.Document.text)
	}
	n := i.Letter.Main.Length()
	for _, f := range i.Letter.Attachments {
		n += f.Length()
	}
	return rest + n*4/3 + len(i.Letter.Attachments)*64
}

// Unmarshal reverses Marshal; what it gives may lie in b. Files that are not in it are
// missing until Document.Keep says where they are.
func Unmarshal(b []byte) (*Item, error) {
	e, err := parseBytes(b)
	if err != nil {
		return nil, err
	}
	files, err := lacking(e.attr("files"))
	if err != nil || len(files) == 0 {
		return readItem(e)
	}
	at := e.children[len(e.children)-1].start // where the document begins
	for i := range files {
		files[i].at += at
	}
	if e, err = parseFolded(b, files); err != nil {
		return nil, err
	}
	return readItem(e)
}
