// Package formcmd has the commands of the binary that read and write forms: plain
// functions that print and return an exit code: 0 done, 1 refused, 2 used wrongly. They
// need no server and no database.
package formcmd

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"prasan/internal/ropa"
	"prasan/internal/ropa/form"
)

// Env is what the commands work with.
type Env struct {
	Stdin          io.Reader // for the file "-"
	Stdout, Stderr io.Writer
	JSON           bool
	// Record returns the effective revision of an activity; nil where no register is at
	// hand, and then only files are exported.
	Record func(ctx context.Context, code string) (*ropa.Revision, error)
}

// Import reads a filled-in form and writes its canonical YAML; as JSON, each field with
// its value, confidence and place, what is asked, and what could not be placed.
func (e Env) Import(file string) int {
	data, code := e.read(file)
	if code != 0 {
		return code
	}
	r, err := form.Import(filepath.Base(file), data)
	if err != nil {
		return e.fail(1, "%s: %v", file, err)
	}
	if e.JSON {
		return e.importJSON(file, r)
	}
	if err := form.Export(r.Revision, "yaml", e.Stdout); err != nil {
		return e.fail(1, "%s: %v", file, err)
	}
	for _, q := range r.Questions {
		e.say("question: %s: %s", where(q.Field, q.Place), q.EN)
	}
	for _, p := range r.Unplaced {
		e.say("not placed: %s: %s", where(p.Near, p.Place), strings.Join(strings.Fields(p.Text), " "))
	}
	if n, m := len(r.Questions), len(r.Unplaced); n+m > 0 {
		e.say("%s: read; %d questions and %d pieces not placed; use --json for every field with its confidence", file, n, m)
	}
	return 0
}

// imported is the JSON of an import.
type imported struct {
	File     string          `json:"file"`
	Activity string          `json:"activity"`
	SHA256   string          `json:"sha256"`
	Revision json.RawMessage `json:"revision"`
	form.Result
}

func (e Env) importJSON(file string, r form.Result) int {
	sum, err := ropa.SHA256(r.Revision)
	if err != nil {
		return e.fail(1, "%s: %v", file, err)
	}
	body, err := ropa.MarshalJSON(r.Revision)
	if err != nil {
		return e.fail(1, "%s: %v", file, err)
	}
	r.Fields, r.Unplaced, r.Questions = append([]form.Field{}, r.Fields...), append([]form.Piece{}, r.Unplaced...), append([]form.Question{}, r.Questions...)
	out := json.NewEncoder(e.Stdout)
	out.SetEscapeHTML(false)
	out.SetIndent("", "  ")
	if err := out.Encode(imported{file, r.Revision.Code, sum, body, r}); err != nil {
		return e.fail(1, "%v", err)
	}
	return 0
}

func where(field, place string) string {
	return strings.Join(slices.DeleteFunc([]string{field, place}, func(s string) bool { return s == "" }), ", ")
}

// Export writes an activity of the register, or a file in any of the formats that are
// read, in another format.
func (e Env) Export(ctx context.Context, codeOrFile, format string) int {
	if !slices.Contains(form.Formats, format) {
		return e.fail(2, "%q is no format; use --format %s", format, strings.Join(form.Formats, "|"))
	}
	rev, code := e.record(ctx, codeOrFile)
	if code != 0 {
		return code
	}
	if err := form.Export(rev, format, e.Stdout); err != nil {
		return e.fail(1, "%s: %v", codeOrFile, err)
	}
	return 0
}

func (e Env) record(ctx context.Context, codeOrFile string) (*ropa.Revision, int) {
	if _, err := os.Stat(codeOrFile); err != nil && codeOrFile != "-" && !strings.ContainsAny(codeOrFile, "./\\") {
		if e.Record == nil {
			return nil, e.fail(2, "%s: no such file, and no register is open; name a file, or give --data", codeOrFile)
		}
		rev, err := e.Record(ctx, codeOrFile)
		if err == nil && rev == nil {
			err = errors.New("no such activity in force; see ropa list")
		}
		if err != nil {
			return nil, e.fail(1, "%s: %v", codeOrFile, err)
		}
		return rev, 0
	}
	data, code := e.read(codeOrFile)
	if code != 0 {
		return nil, code
	}
	r, err := form.Import(filepath.Base(codeOrFile), data)
	if err != nil {
		return nil, e.fail(1, "%s: %v", codeOrFile, err)
	}
	if n := len(r.Questions) + len(r.Unplaced); n > 0 {
		e.say("%s: %d things of it are asked or not placed; see ropa import %s --json", codeOrFile, n, codeOrFile)
	}
	return r.Revision, 0
}

// read reads a file, no more of it than is read at all.
func (e Env) read(file string) ([]byte, int) {
	in := e.Stdin
	if file != "-" {
		f, err := os.Open(file)
		if err != nil {
			return nil, e.fail(2, "%s: cannot be opened; name a file that is there", file)
		}
		defer func() { _ = f.Close() }() // it was only read
		in = f
	}
	if in == nil {
		return nil, e.fail(2, "no input; name a file")
	}
	data, err := io.ReadAll(io.LimitReader(in, form.MaxBytes+1))
	if err != nil {
		return nil, e.fail(2, "%s: cannot be read; name a file, not a folder", file)
	}
	return data, 0
}

func (e Env) say(format string, args ...any) {
	fmt.Fprintln(e.Stderr, strings.Join(strings.Fields(fmt.Sprintf(format, args...)), " "))
}

func (e Env) fail(code int, format string, args ...any) int {
	e.say(format, args...)
	return code
}
