// Package e2e walks the program as its people do: the real binary with its demo, a real
// browser with JavaScript on and off, by keyboard alone, in both languages, on a phone
// and on a desk. `make test` runs it; `make shots` takes the pictures.
package e2e
