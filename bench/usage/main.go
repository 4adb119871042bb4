// Command usage loads the counting of usage over loopback, and times its reports over a
// year of hits, by the workload of docs/analytics.md. The figures are printed as a table.
package main

import (
	"flag"
	"fmt"
	"os"

	"prasan/internal/thai"
)

const usage = `usage: go run ./bench/usage COMMAND [flags]

  load    start the program on new data and post hits to it
  crash   kill the program at full rate, again and again, and look what is lost
  year    fill a database with a year of hits and time its reports`

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, usage)
		os.Exit(2)
	}
	flags := flag.NewFlagSet(os.Args[1], flag.ExitOnError)
	binary := flags.String("binary", "bin/prasan", "the program")
	database := flags.String("database", "", "database that is used; default a new SQLite file")
	seconds := flags.Int("seconds", 10, "seconds of each load")
	profile := flags.String("profile", "", "file for CPU profiles of the program under load")
	hits := flags.Int("hits", 1_000_000, "hits of the year")
	totals := flags.Bool("totals", false, "make totals only, no hits: for very many")
	keep := flags.Bool("keep", false, "keep the hits of the year in the database, and use those it has")
	rounds := flags.Int("rounds", 100, "rounds of kill -9")
	conns := flags.Int("conns", 32, "connections in each round")
	_ = flags.Parse(os.Args[2:]) // ends the program when it cannot
	var err error
	switch os.Args[1] {
	case "load":
		err = loaded(loadOptions{*binary, *database, *profile, *seconds})
	case "crash":
		err = crash(*binary, *database, *rounds, *conns)
	case "year":
		err = year(yearOptions{*database, *hits, *keep, *totals})
	default:
		err = fmt.Errorf("%s", usage)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// sitesOf are the sites of the body under a base domain, as the demo has them.
func sitesOf(base string) []string {
	out := []string{base, "ops." + base}
	for _, p := range thai.Provinces() {
		if p.Code != "10" {
			out = append(out, p.Slug()+"."+base)
		}
	}
	return out
}
