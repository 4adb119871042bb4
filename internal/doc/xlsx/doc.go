// Package xlsx reads and writes spreadsheets (ECMA-376) within limits: a file that
// unpacks to more than a form can be is refused before its cells are read.
package xlsx
