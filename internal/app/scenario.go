package app

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"prasan/internal/db"
	"prasan/internal/errs"
)

// AdminToken is the name of the token that has all rights of the scenario.
const AdminToken = "admin"

// Scenario is what is printed of the demo's ministry: who can sign in, and with which
// tokens the API can be called.
type Scenario struct {
	Accounts []ScenarioAccount `json:"accounts"`
	Tokens   map[string]string `json:"tokens"`
}

// ScenarioAccount is one of its people.
type ScenarioAccount struct {
	Name     string `json:"name"`
	Password string `json:"password"`
	TOTP     string `json:"totp"`
	Role     string `json:"role"`
	Agency   string `json:"agency"`
}

// scenarioState is the note of how far the demo's data has come: begun, whole or empty.
const scenarioState = "scenario"

// Scenario makes the demo's ministry, once, and returns what is to be printed of it.
// What it made is remembered beside the data, since tokens are stored only hashed.
func (a *App) Scenario(ctx context.Context, progress func(done, all int)) (Scenario, error) {
	state, err := a.Setting(ctx, scenarioState)
	if err != nil {
		return Scenario{}, err
	}
	switch state {
	case "whole":
		return a.remembered()
	case "empty":
		return Scenario{}, nil
	case "begun":
		return Scenario{}, errs.New(errs.Conflict, "error.demo-half", "data", a.Config.Data)
	}
	if a.Demo.options.Empty {
		return Scenario{}, a.SetSetting(ctx, scenarioState, "empty")
	}
	return a.makeScenario(ctx, progress)
}

func (a *App) makeScenario(ctx context.Context, progress func(done, all int)) (Scenario, error) {
	if err := a.SetSetting(ctx, scenarioState, "begun"); err != nil {
		return Scenario{}, err
	}
	ahead := a.Demo.Clock.Offset()
	s, err := seed(ctx, a, progress)
	if err == nil {
		err = seedUsage(ctx, a)
	}
	if err != nil {
		return Scenario{}, err
	}
	a.Demo.Clock.Advance(ahead - a.Demo.Clock.Offset()) // the scenario began in the past
	text, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return Scenario{}, err
	}
	if err := os.WriteFile(a.rememberedPath(), text, 0o600); err != nil {
		return Scenario{}, errs.Wrap(err, errs.Unavailable, "error.database-dir", "path", a.Config.Data)
	}
	return s, a.SetSetting(ctx, scenarioState, "whole")
}

func (a *App) rememberedPath() string { return filepath.Join(a.Config.Data, "demo.json") }

func (a *App) remembered() (s Scenario, err error) {
	text, err := os.ReadFile(a.rememberedPath())
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil // the demo goes on; its passwords were printed when it was made
	}
	if err != nil {
		return s, err
	}
	return s, json.Unmarshal(text, &s)
}

// notAnothers refuses the demo on an installation with which somebody works, before
// anything of it is touched.
func (a *App) notAnothers(ctx context.Context) error {
	state, err := a.Setting(ctx, scenarioState)
	if err != nil || state != "" {
		return err
	}
	var n int
	err = a.DB.Read(ctx, func(tx *db.Tx) error {
		return tx.QueryRow(`SELECT (SELECT COUNT(*) FROM accounts) + (SELECT COUNT(*) FROM cases)`, nil, &n)
	})
	if err == nil && n > 0 {
		err = errs.New(errs.Conflict, "error.demo-over-data", "data", a.Config.Data)
	}
	return err
}
