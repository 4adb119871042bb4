// Package docx writes and reads word processor's documents (ECMA-376) of Thai text:
// paragraphs and tables, with content controls by which an answer is found again.
//
// Thai is a complex script to a word processor: the typeface and size that it shows
// are those of w:cs and w:szCs, not the Latin ones.
package docx
