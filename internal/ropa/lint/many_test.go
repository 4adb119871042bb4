package lint_test

import (
	"fmt"
	"testing"

	"prasan/internal/ropa"
	"prasan/internal/ropa/lint"
)

// BenchmarkThousand is a register of a thousand activities that differ.
func BenchmarkThousand(b *testing.B) {
	records := make([]*ropa.Revision, 1000)
	for i := range records {
		r := ropa.Seed(ropa.SeedCodes[i%2], 2)
		r.Code = fmt.Sprintf("activity-%d", i)
		for id, row := range r.Form {
			row.Text = fmt.Sprintf("%s (%d)", row.Text, i)
			r.Form[id] = row
		}
		records[i] = r
	}
	for b.Loop() {
		lint.Each(records)
	}
}
