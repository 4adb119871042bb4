package formcmd_test

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"prasan/internal/ropa"
	"prasan/internal/ropa/form/formcmd"
)

const seedFile = "../../testdata/contact-us.txt"

func TestImportWritesTheCanonicalForm(t *testing.T) {
	var out, errs bytes.Buffer
	if code := (formcmd.Env{Stdout: &out, Stderr: &errs}).Import(seedFile); code != 0 {
		t.Fatalf("exit %d: %s", code, errs.String())
	}
	rev, err := ropa.Parse(out.Bytes())
	if err != nil || rev.Code != "contact-us" {
		t.Fatalf("%v, %+v", err, rev)
	}
	if !strings.Contains(errs.String(), "question: flow.edges") {
		t.Errorf("the arrows are not asked about: %s", errs.String())
	}
}

func TestImportAsJSONSaysEachFieldWithItsConfidenceAndPlace(t *testing.T) {
	var out, errs bytes.Buffer
	if code := (formcmd.Env{Stdout: &out, Stderr: &errs, JSON: true}).Import(seedFile); code != 0 {
		t.Fatalf("exit %d: %s", code, errs.String())
	}
	var got struct {
		Activity string
		Fields   []struct {
			ID, Value, State, Place string
			Confidence              float64
		}
		Unplaced []struct{ Text string }
	}
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if got.Activity != "contact-us" || len(got.Fields) < 53 || got.Unplaced == nil || len(got.Unplaced) != 0 {
		t.Fatalf("%s, %d fields, unplaced %v", got.Activity, len(got.Fields), got.Unplaced)
	}
	if f := got.Fields[35]; f.ID != "retention" || f.Value != "10 ปี/ได้รับคำสั่งจากผู้มีอำนาจ" || f.State != "given" || f.Confidence < .75 || !strings.HasPrefix(f.Place, "line 41, cell 4") {
		t.Errorf("%+v", f)
	}
}

func TestExportReadsFilesAndTheRegister(t *testing.T) {
	record := func(_ context.Context, code string) (*ropa.Revision, error) { return ropa.Seed(code, 2), nil }
	for _, row := range []struct {
		arg, format string
		env         formcmd.Env
		code        int
		want        string
	}{
		{seedFile, "json", formcmd.Env{}, 0, `"code": "contact-us"`},
		{"usage-analytics", "yaml", formcmd.Env{Record: record}, 0, "revision: 2"},
		{"usage-analytics", "svg", formcmd.Env{Record: record}, 0, "<svg"},
		{"nothing-such", "yaml", formcmd.Env{Record: record}, 1, ""},
		{"usage-analytics", "yaml", formcmd.Env{}, 2, ""},
		{seedFile, "doc", formcmd.Env{}, 2, ""},
		{"./missing.txt", "yaml", formcmd.Env{}, 2, ""},
		{"-", "csv", formcmd.Env{Stdin: bytes.NewReader(ropa.SeedText("contact-us", 1))}, 0, "field_id"},
	} {
		var out, errs bytes.Buffer
		row.env.Stdout, row.env.Stderr = &out, &errs
		if code := row.env.Export(context.Background(), row.arg, row.format); code != row.code || !strings.Contains(out.String(), row.want) {
			t.Errorf("export %s --format %s: exit %d, %.200s %s", row.arg, row.format, code, out.String(), errs.String())
		}
		if row.code != 0 && strings.Count(errs.String(), "\n") != 1 {
			t.Errorf("export %s --format %s says %q", row.arg, row.format, errs.String())
		}
	}
}

func TestWhatIsNoFormIsRefused(t *testing.T) {
	file := filepath.Join(t.TempDir(), "letter.txt")
	if err := os.WriteFile(file, []byte("เรียน ผู้เกี่ยวข้อง\nขอแจ้งให้ทราบ\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var out, errs bytes.Buffer
	if code := (formcmd.Env{Stdout: &out, Stderr: &errs}).Import(file); code != 1 || out.Len() > 0 || strings.Count(errs.String(), "\n") != 1 {
		t.Errorf("exit %d, %q, %q", code, out.String(), errs.String())
	}
}
