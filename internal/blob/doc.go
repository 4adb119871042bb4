// Package blob keeps files encrypted. Each file has a random key of its own that is
// held by whoever may open it and nowhere here; it is encrypted in chunks, so that any
// size is written and read in little memory. A name on the disk tells nothing: it is
// random, not taken from the content or from the person's name for it.
//
// What a file really is is told from its content. A name is cleaned once and is then
// only ever shown.
package blob
