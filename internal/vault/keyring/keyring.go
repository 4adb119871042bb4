// Package keyring has the schema of the keyring, a store of its own: destroying a
// key there makes every copy of what it sealed unreadable, old backups included.
package keyring

import "embed"

//go:embed *.sql
var Files embed.FS
