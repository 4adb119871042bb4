// Package migrations has the schema's steps, forward only; each is applied once and
// its checksum is kept.
package migrations

import "embed"

//go:embed *.sql
var Files embed.FS
