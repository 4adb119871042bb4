package app

import (
	"context"

	"prasan/internal/inspection"
	"prasan/internal/truth"
	"prasan/internal/web/api"
)

// wireInspection opens the work of the inspectors that the record names (row 30), and has
// the truth look at it.
func wireInspection(_ context.Context, a *App) error {
	a.Inspection = inspection.New(inspection.Deps{DB: a.DB, Vault: a.Vault, Audit: a.Audit, Record: a.Register.Snapshot, Failed: a.failedChecks, Now: a.Now})
	a.Truth.Add(append(a.promises(), truth.Probe{ID: "inspection", Rows: []string{"duty.inspect"}, Class: "D8", Look: a.seeInspections})...)
	a.Operations = append(a.Operations, api.InspectionOperations(a.Inspection)...)
	return nil
}

// failedChecks are the drifts of the last report on the truth.
func (a *App) failedChecks(ctx context.Context, activity string) ([]inspection.Failed, error) {
	r, err := a.Truth.Last(ctx)
	if err != nil || r == nil {
		return nil, err
	}
	var out []inspection.Failed
	for _, d := range r.Drift {
		if d.Activity == activity && d.Exception == nil {
			out = append(out, inspection.Failed{Row: d.Field, Wrong: d.Wrong, Detail: d.Probe})
		}
	}
	return out, nil
}

// seeInspections looks whether an inspection was signed within the year, and whether what
// it asked for was done in time.
func (a *App) seeInspections(ctx context.Context, s truth.Subject) (truth.Seen, error) {
	last, err := a.Inspection.Last(ctx, s.Snapshot.Activity)
	if err != nil || last.IsZero() {
		return truth.Seen{}, err
	}
	out := truth.Seen{Known: true, Checked: 1}
	if s.Now.Sub(last) > year+day {
		out.Wrong++
	}
	late, err := a.Inspection.Late(ctx, s.Snapshot.Activity, s.Now)
	out.Checked, out.Wrong = out.Checked+int64(late), out.Wrong+int64(late)
	return out, err
}
