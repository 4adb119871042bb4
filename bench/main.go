// Command bench measures what docs/performance.md prints: submitting a message, start,
// memory, idleness, the size of the program and of the contact page. It starts the
// binary itself, on a new data folder, loads it over loopback with a client that costs
// little, and prints a table and JSON.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"sort"
	"time"
)

// Figure is one measured number beside what was asked.
type Figure struct {
	Name   string  `json:"name"`
	Value  float64 `json:"value"`
	Unit   string  `json:"unit"`
	Target string  `json:"target"`
	Met    bool    `json:"met"`
}

type options struct {
	binary   string
	database string
	runs     int
	seconds  int
	jsonPath string
}

func main() {
	var o options
	flag.StringVar(&o.binary, "binary", "bin/prasan", "the program to measure")
	flag.StringVar(&o.database, "database", "", "postgres, for a server that is started for it, or postgres://..., where a database is made and dropped; default SQLite")
	flag.IntVar(&o.runs, "runs", 3, "runs; the median is printed")
	flag.IntVar(&o.seconds, "seconds", 10, "seconds of load in each run")
	flag.StringVar(&o.jsonPath, "json", "", "file for the figures as JSON")
	flag.Parse()
	if err := run(o); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(o options) error {
	if o.database == "postgres" {
		var err error
		if o.database, err = startPostgres(); err != nil {
			return err
		}
	}
	var all [][]Figure
	for i := range o.runs {
		figures, err := measure(o)
		if err != nil {
			return err
		}
		fmt.Fprintf(os.Stderr, "run %d of %d done\n", i+1, o.runs)
		all = append(all, figures)
	}
	figures := median(all)
	if o.database == "" { // the register is the same on any engine
		more, err := registerFigures()
		if err != nil {
			return err
		}
		figures = append(figures, more...)
	}
	print(figures, o)
	if o.jsonPath == "" {
		return nil
	}
	text, err := json.MarshalIndent(map[string]any{"at": time.Now().UTC(), "cpus": runtime.NumCPU(), "engine": engine(o), "runs": o.runs, "figures": figures}, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(o.jsonPath, append(text, '\n'), 0o644)
}

// registerFigures are those of bench/register, measured by a process of its own.
func registerFigures() (out []Figure, err error) {
	cmd := exec.Command("go", "run", "./bench/register", "--json")
	cmd.Stderr = os.Stderr
	text, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("bench/register: %w", err)
	}
	return out, json.Unmarshal(text, &out)
}

func engine(o options) string {
	if o.database != "" {
		return "PostgreSQL"
	}
	return "SQLite, synchronous=FULL"
}

// median takes each figure's middle run.
func median(all [][]Figure) []Figure {
	out := make([]Figure, len(all[0]))
	for i := range out {
		runs := make([]Figure, 0, len(all))
		for _, r := range all {
			runs = append(runs, r[i])
		}
		sort.Slice(runs, func(a, b int) bool { return runs[a].Value < runs[b].Value })
		out[i] = runs[len(runs)/2]
	}
	return out
}

func print(figures []Figure, o options) {
	fmt.Printf("%s, %d CPUs, median of %d runs, load generator on the same machine\n\n", engine(o), runtime.NumCPU(), o.runs)
	fmt.Println("| figure | measured | asked | met |")
	fmt.Println("|---|---:|---:|---|")
	for _, f := range figures {
		met := "yes"
		if !f.Met {
			met = "no"
		}
		if f.Target == "" {
			met = ""
		}
		fmt.Printf("| %s | %s %s | %s | %s |\n", f.Name, number(f.Value), f.Unit, f.Target, met)
	}
}

func number(v float64) string {
	switch {
	case v >= 100:
		return fmt.Sprintf("%.0f", v)
	case v >= 10:
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.2f", v)
}
