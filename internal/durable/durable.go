// Package durable is what a file needs to outlive a power cut beyond a sync of its own.
package durable

import "os"

// SyncDir makes names in a folder last: a file that was made, renamed or taken away there
// is so for good only when its folder has been synced too.
func SyncDir(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
