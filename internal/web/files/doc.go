// Package files serves attachments, from a host of their own so that nothing a file
// contains can reach the cookies of the others. A link is made for one person and one
// file, says so in sealed form, and works for ten minutes; files are only ever saved,
// never shown.
package files
