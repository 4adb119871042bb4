package app

import (
	"context"
	"os"
	"path/filepath"
	"slices"

	"prasan/internal/errs"
	"prasan/internal/policy"
	"prasan/internal/processing"
	"prasan/internal/register"
	"prasan/internal/ropa"
)

// wireRecord opens the register, and what is decided by it.
func wireRecord(ctx context.Context, a *App) (err error) {
	if a.Register, err = register.Open(ctx, a.DB, a.Audit); err != nil {
		return err
	}
	a.Processing = processing.New(a.DB, a.Vault, a.minter, a.Audit, a.Register.Snapshot)
	return nil
}

// firstRevisions are what the register of a new installation begins with: the files of
// --record, or the two records that the program is made from, as they were filled in
// and as they were corrected.
func firstRevisions(folder string) ([][]byte, error) {
	if folder == "" {
		return seeds(), nil
	}
	var out [][]byte
	for _, pattern := range []string{"*.yaml", "*.yml"} {
		names, err := filepath.Glob(filepath.Join(folder, pattern))
		if err != nil {
			return nil, errs.Wrap(err, errs.Invalid, "error.record-folder", "path", folder)
		}
		for _, name := range names {
			text, err := os.ReadFile(name)
			if err != nil {
				return nil, errs.Wrap(err, errs.Invalid, "error.record-folder", "path", name)
			}
			out = append(out, text)
		}
	}
	if len(out) == 0 {
		return nil, errs.New(errs.Invalid, "error.record-folder", "path", folder)
	}
	return inOrder(out)
}

func seeds() [][]byte {
	var out [][]byte
	for _, code := range ropa.SeedCodes {
		for n := 1; ; n++ {
			text := ropa.SeedText(code, n)
			if len(text) == 0 {
				break
			}
			out = append(out, text)
		}
	}
	return out
}

// inOrder sorts files by the revision that each says it is.
func inOrder(files [][]byte) ([][]byte, error) {
	type numbered struct {
		text []byte
		n    int
	}
	var list []numbered
	for _, text := range files {
		rev, err := ropa.Parse(text)
		if err != nil {
			return nil, err
		}
		list = append(list, numbered{text, rev.Number})
	}
	slices.SortStableFunc(list, func(x, y numbered) int { return x.n - y.n })
	out := make([][]byte, len(list))
	for i, x := range list {
		out[i] = x.text
	}
	return out, nil
}

// activities are the snapshots in force.
func (a *App) activities() []*policy.Snapshot {
	var out []*policy.Snapshot
	for _, code := range ropa.SeedCodes {
		if s := a.Register.Snapshot(code); s != nil {
			out = append(out, s)
		}
	}
	return out
}
