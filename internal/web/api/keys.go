package api

import "prasan/internal/backup"

type rotateKeys struct {
	Reason string `json:"reason" doc:"Why: it is a line of the audit."`
}

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
