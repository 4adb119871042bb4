package form_test

import (
	"os"
	"testing"

	"prasan/internal/ropa"
)

func TestSVGOut(t *testing.T) {
	dir := os.Getenv("FORM_OUT")
	for _, code := range ropa.SeedCodes {
		for _, n := range []string{"1", "2"} {
			if dir != "" {
				_ = os.WriteFile(dir+"/"+code+n+".svg", export(t, ropa.Seed(code, int(n[0]-'0')), "svg"), 0o600)
				_ = os.WriteFile(dir+"/"+code+n+".pdf", export(t, ropa.Seed(code, int(n[0]-48)), "pdf"), 0o600)
			}
		}
	}
}
