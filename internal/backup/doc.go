// Package backup makes consistent copies of an installation while it serves, checks
// them to the last bit, restores them, and shows by restoring them that they can be.
//
// A whole copy is one file: a head in plain text that says what it is, then a tar archive
// in sealed frames (AES-256-GCM; each frame is bound to the head, its number and whether
// it is the last). The key of the frames is new for each file and wrapped by the master
// key, which is in no copy. Increments are files of the same form beside it, with what
// was committed since. The keyring goes to files of its own, at another place, to be kept
// for a short time only: what was destroyed by its key is then gone from every old copy
// of the data.
package backup
