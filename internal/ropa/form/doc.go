// Package form reads the ministry's form as people filled it in, and writes it.
//
// Import takes plain text as a scanner left it, a spreadsheet, CSV, a word processor's
// file, JSON or YAML, told by content. It matches rows by position and by likeness of
// their labels, says for each field how sure it is and where it stood, asks what it is
// not sure of, and lists what it could not place. Export writes a revision as the form
// in any of these, as a picture of the data flow, and as linked data.
//
// What Export writes, Import reads back without loss: the formats that people edit
// carry the canonical form beside what is seen, and an edit of what is seen is told from
// what was written.
package form
