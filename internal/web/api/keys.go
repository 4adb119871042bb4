package api

import (
	"context"

	"prasan/internal/backup"
)

type rotateKeys struct {
	Reason string `json:"reason" doc:"Why: it is a line of the audit."`
}

type nothing struct{}

// KeyOperations: the keys of the vault.
func KeyOperations(k *backup.Rotator) []Operation {
	const tag = "copies"
	return []Operation{
		Get(Operation{ID: "getKeyRotation", Path: "/keys/rotation", Tag: tag, Summary: "The replacement of keys that is under way, or the last one.", Action: "copies.read"}, func(c *Call) (backup.Rotation, error) {
			return k.State(c.Request.Context())
		}),
		Do(Operation{ID: "rotateKeys", Path: "/keys/rotation", Tag: tag, Summary: "Replace the master key and the keys under it while the program serves; it is done by the queue.", Action: backup.ActionKeys, Creates: true}, func(c *Call, in rotateKeys) (backup.Rotation, error) {
			c.Location = "/keys/rotation"
			return k.AskAs(c.Request.Context(), c.Actor, in.Reason)
		}),
	}
}

// CopyOperations: copies of the installation, and restore drills.
func CopyOperations(d *backup.Driller, state func(ctx context.Context) (backup.State, error)) []Operation {
	const tag = "copies"
	return []Operation{
		Get(Operation{ID: "getCopies", Path: "/backups", Tag: tag, Summary: "How copying stands, and which whole copies were made.", Action: "copies.read"}, func(c *Call) (backup.State, error) {
			return state(c.Request.Context())
		}),
		Get(Operation{ID: "listDrills", Path: "/backups/drills", Tag: tag, Summary: "Restore drills with their signed results, the newest first.", Action: "copies.read"}, func(c *Call) (Page[backup.Signed], error) {
			all, err := d.Drills(c.Request.Context(), 100)
			return PageOf(all, len(all), func(s backup.Signed) backup.Signed { return s }, nil), err
		}),
		Do(Operation{ID: "drillRestore", Path: "/backups/drills", Tag: tag, Summary: "Restore the newest copy elsewhere, count and check it, and delete it; it is done by the queue.", Action: "copies.work", Creates: true}, func(c *Call, _ nothing) (nothing, error) {
			c.Location = "/backups/drills"
			return nothing{}, d.Ask(c.Request.Context(), c.Actor)
		}),
	}
}
