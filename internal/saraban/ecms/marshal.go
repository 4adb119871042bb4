package ecms

import "bytes"

// Marshal writes an item as it lies in a queue, and Unmarshal reads it.
func Marshal(i *Item) ([]byte, error) {
	var out bytes.Buffer
	p := &printer{w: &out}
	p.in("Item", func() { p.item(i) })
	return out.Bytes(), p.err
}

// Unmarshal reverses Marshal; what it gives may lie in b.
func Unmarshal(b []byte) (*Item, error) {
	e, err := parseBytes(b)
	if err != nil {
		return nil, err
	}
	return readItem(e)
}
