package app

import "context"

func seed(_ context.Context, a *App, progress func(done, all int)) (Scenario, error) {
	progress(1, 1)
	return Scenario{}, nil
}
