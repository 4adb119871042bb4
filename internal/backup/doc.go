// Package backup makes consistent copies of an installation while it serves, checks
// them to the last bit, and restores them.
//
// A backup is one file: a head in plain text that says what it is, then a tar archive
// in sealed frames (AES-256-GCM; each frame is bound to the head, its number and
// whether it is the last). The key of the frames is new for each file and wrapped by
// the master key, which is in no backup. The keyring goes to a file of its own, to be
// kept for a short time only: what was destroyed by its key is then gone from every
// old backup of the data.
package backup
