// Package letters is the official letter (หนังสือราชการ) of the correspondence regulation
// B.E. 2526: its kinds and elements, its way from draft to dispatch, its numbers, its seal,
// and how it looks on paper. What a letter is about is opaque to it.
//
// Approval binds the hash of the content; from then on nothing of it changes. Number and
// date come after approval, the seal after the number.
package letters
