package app_test

import (
	"context"
	"testing"

	"prasan/internal/app"
	"prasan/internal/db/dbtest"
)

func TestNodesThatStartAtOnceMakeOneInstallation(t *testing.T) {
	first := settings(t, dbtest.PostgresURL(t))
	const nodes = 3
	ended := make(chan error, nodes)
	made := make(chan *app.App, nodes)
	for _, name := range []string{"a", "b", "c"} {
		c := first
		c.Node = name
		go func() {
			a, err := app.New(context.Background(), c, app.Options{Mode: app.Create})
			if err == nil {
				made <- a
			}
			ended <- err
		}()
	}
	for range nodes {
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
	close(made)
	for a := range made {
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	}
}
