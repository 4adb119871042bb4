// Command register measures what the register costs: compiling, deciding, checking,
// reading and writing the record, and the gate before personal data. It prints a table,
// or with --json the figures as bench has them.
package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"testing"
	"time"

	"prasan/internal/policy"
	"prasan/internal/ropa"
	"prasan/internal/ropa/form"
	"prasan/internal/ropa/lint"
)

// figure is one measured number beside what was asked.
type figure struct {
	Name   string  `json:"name"`
	Value  float64 `json:"value"`
	Unit   string  `json:"unit"`
	Target string  `json:"target"`
	Met    bool    `json:"met"`
}

func main() {
	asJSON := flag.Bool("json", false, "print the figures as JSON")
	runs := flag.Int("runs", 5, "runs of each; the median is printed")
	text := flag.String("text", "internal/ropa/testdata/contact-us.txt", "a filled-in form as plain text")
	flag.Parse()
	figures, err := measure(*runs, *text)
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench/register:", err)
		os.Exit(1)
	}
	if *asJSON {
		_ = json.NewEncoder(os.Stdout).Encode(figures)
		return
	}
	fmt.Printf("%d CPUs, median of %d runs\n\n| figure | measured | asked | met |\n|---|---:|---:|---|\n", runtime.NumCPU(), *runs)
	for _, f := range figures {
		met := map[bool]string{true: "yes", false: "no"}[f.Met]
		fmt.Printf("| %s | %.4g %s | %s | %s |\n", f.Name, f.Value, f.Unit, f.Target, met)
	}
}

// activities are n records that differ: other codes, names, periods and texts.
func activities(n int) []*ropa.Revision {
	out := make([]*ropa.Revision, n)
	for i := range out {
		r := ropa.Seed(ropa.SeedCodes[i%2], 2)
		r.Code = fmt.Sprintf("activity-%d", i)
		r.Name.TH = fmt.Sprintf("%s %d", r.Name.TH, i)
		r.Retention[0].Period = fmt.Sprintf("P%dY", 10+i%7)
		for id, row := range r.Form {
			row.Text = fmt.Sprintf("%s (%d)", row.Text, i)
			r.Form[id] = row
		}
		out[i] = r
	}
	return out
}

// median is the middle time of some runs of f.
func median(runs int, f func() error) (time.Duration, error) {
	var list []time.Duration
	for range runs {
		runtime.GC()
		began := time.Now()
		if err := f(); err != nil {
			return 0, err
		}
		list = append(list, time.Since(began))
	}
	slices.Sort(list)
	return list[len(list)/2], nil
}

func measure(runs int, textFile string) ([]figure, error) {
	var out []figure
	add := func(name string, value float64, unit string, atMost float64) {
		out = append(out, figure{name, value, unit, fmt.Sprintf("≤ %g %s", atMost, unit), value <= atMost})
	}
	timed := func(name string, atMost float64, f func() error) error {
		d, err := median(runs, f)
		add(name, float64(d.Microseconds())/1000, "ms", atMost)
		return err
	}
	records := activities(1000)
	sums := make([]string, len(records))
	for i, r := range records {
		sum, err := ropa.SHA256(r)
		if err != nil {
			return nil, err
		}
		sums[i] = sum // the register stores it with the text
	}
	if err := timed("register: compile 1,000 activities", 50, func() error {
		for i, r := range records {
			if _, err := policy.CompileAs(r, sums[i]); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		return nil, err
	}
	snap, err := policy.Compile(ropa.Seed("contact-us", 2))
	if err != nil {
		return nil, err
	}
	officer := policy.Actor{Account: "officer", Agency: "rayong", Roles: []string{"officer"}, Orders: []policy.Order{{Number: "1/2569", Activity: "contact-us", Agency: "rayong"}}}
	decision := testing.Benchmark(func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if !snap.MayRead(officer, "communicate").Allowed {
				b.Fatal("refused")
			}
		}
	})
	add("register: a policy decision", float64(decision.T.Nanoseconds())/float64(decision.N), "ns", 1000)
	add("register: allocations of a decision", float64(decision.AllocsPerOp()), "", 0)
	if err := timed("register: lint of 1,000 activities", 200, func() error { lint.Each(records); return nil }); err != nil {
		return nil, err
	}
	text, err := os.ReadFile(textFile)
	if err != nil {
		return nil, err
	}
	if err := timed("register: import of a form as text", 50, func() error { _, err := form.Import("contact-us.txt", text); return err }); err != nil {
		return nil, err
	}
	record := ropa.Seed("contact-us", 2)
	for _, x := range []struct {
		format string
		atMost float64
	}{{"xlsx", 50}, {"docx", 50}, {"pdf", 50}, {"svg", 1}} {
		if err := timed("register: "+x.format+" of one record", x.atMost, func() error { return form.Export(record, x.format, io.Discard) }); err != nil {
			return nil, err
		}
	}
	var sheet bytes.Buffer
	if err := form.Export(record, "xlsx", &sheet); err != nil {
		return nil, err
	}
	if err := timed("register: XLSX of one record read back", 50, func() error { _, err := form.Import("a.xlsx", sheet.Bytes()); return err }); err != nil {
		return nil, err
	}
	cpu, commits, err := gate()
	if err != nil {
		return nil, err
	}
	add("gate: personal data of a case opened, CPU", cpu, "µs", 150)
	add("gate: commits", commits, "", 1)
	return out, nil
}
