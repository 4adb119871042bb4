package main

import (
	"fmt"
	"os"
	"strconv"
	"syscall"

	"prasan/internal/app"
	"prasan/internal/config"
)

type drillCmd struct {
	config.Store
	Backup config.Backup `embed:"" prefix:"backup-" envprefix:"PRASAN_BACKUP_"`
	JSON   bool          `help:"Print JSON."`
}

func (drillCmd) Help() string {
	return example("prasan drill --backup-to /backup/data --backup-keys-to /backup-of-keys --data /var/lib/prasan")
}

func (c drillCmd) Run(p *program) error {
	server, err := settings(c.Store)
	if err != nil {
		return err
	}
	server.Backup = c.Backup
	if err := server.Backup.Resolve(); err != nil {
		return err
	}
	a, err := app.New(p.ctx, server, app.Options{Mode: app.Use, Version: version()})
	if err != nil {
		return err
	}
	defer a.Close()
	giveWay()
	d, err := a.Drills.Run(p.ctx, "console")
	if err != nil {
		return err
	}
	if c.JSON {
		err = p.printJSON(d)
	} else {
		for _, problem := range d.Problems {
			fmt.Fprintln(p.std.out, problem)
		}
		_, err = fmt.Fprintf(p.std.out, "%s with %d increments, as of %s: %d rows of %d tables, %d bytes, restored and checked in %.1f s: %d problems.\n", d.Copy, d.Increments, d.AsOf.Format("2006-01-02 15:04:05 MST"), d.Rows, d.Tables, d.Bytes, d.Seconds, len(d.Problems))
	}
	if err == nil && !d.Good {
		return exit(1)
	}
	return err
}

// giveWay lets a program that serves on this machine go first: the priority of each thread
// that there is, from which the later ones have it.
func giveWay() {
	const last = 15
	threads, err := os.ReadDir("/proc/self/task")
	if err != nil {
		return // not Linux: it goes as it goes
	}
	for _, t := range threads {
		if id, err := strconv.Atoi(t.Name()); err == nil {
			_ = syscall.Setpriority(syscall.PRIO_PROCESS, id, last) // without it, it is as fast as the others
		}
	}
}
