package ecms

import "bytes"

// Marshal writes an item as it lies in a queue, and Unmarshal reads it.
func Marshal(i *Item) ([]byte, error) {
	var out bytes.Buffer
	out.Grow(i.size())
	p := &printer{w: &out}
	p.in("Item", func() { p.item(i) })
	return out.Bytes(), p.err
}

// size is about how long an item is when it is written, so that memory is taken once.
func (i *Item) size() int {
	const rest = 8 << 10
	if i.Letter == nil {
		return rest
	}
	if i.Letter.Document != nil {
		return rest + len(i.Letter.Document)
	}
	n := i.Letter.Main.Length()
	for _, f := range i.Letter.Attachments {
		n += f.Length()
	}
	return rest + n*4/3 + len(i.Letter.Attachments)*64
}

// Unmarshal reverses Marshal; what it gives may lie in b.
func Unmarshal(b []byte) (*Item, error) {
	e, err := parseBytes(b)
	if err != nil {
		return nil, err
	}
	return readItem(e)
}
