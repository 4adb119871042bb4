package form_test

import (
	"io"
	"testing"

	"prasan/internal/ropa"
	"prasan/internal/ropa/form"
)

func BenchmarkImportText(b *testing.B) {
	text := seedText(b, "contact-us")
	for b.Loop() {
		if _, err := form.Import("contact-us.txt", text); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkExport(b *testing.B) {
	rev := ropa.Seed("contact-us", 2)
	for _, format := range form.Formats {
		b.Run(format, func(b *testing.B) {
			for b.Loop() {
				if err := form.Export(rev, format, io.Discard); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
