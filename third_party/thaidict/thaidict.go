// Package thaidict holds the words of ICU's Thai dictionary, by which lines of Thai text
// are broken. Licence and origin lie beside them.
package thaidict

import _ "embed"

// Words is the list: one word a line, in UTF-8, sorted by bytes.
//
//go:embed thaidict.txt
var Words string
