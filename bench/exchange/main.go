// Command exchange measures official letters and their exchange: a letter as PDF, numbers
// given to many registrars at once, letters through e-CMS from one process to another, and
// what kill -9 in the middle of it does. The figures are printed as a table.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"
)

type options struct {
	only                      string
	letters, rounds           int
	seconds                   int
	database                  string
	child, dir, addr, nodeURL string
	ahead                     time.Duration
	quiet                     bool
}

func main() {
	var o options
	flag.StringVar(&o.only, "only", "letter,numbers,ecms,attachment", "what is measured; also kill, which is not in the default")
	flag.IntVar(&o.letters, "letters", 2000, "letters that are numbered")
	flag.IntVar(&o.seconds, "seconds", 5, "seconds of sending")
	flag.IntVar(&o.rounds, "rounds", 200, "rounds of kill -9")
	flag.StringVar(&o.database, "database", "", "database for the numbers; postgres starts a server for it; default a new SQLite file")
	flag.StringVar(&o.child, "child", "", "for the program's own use")
	flag.StringVar(&o.dir, "dir", "", "for the program's own use")
	flag.StringVar(&o.addr, "addr", "", "for the program's own use")
	flag.StringVar(&o.nodeURL, "node", "", "for the program's own use")
	flag.DurationVar(&o.ahead, "ahead", 0, "for the program's own use")
	flag.BoolVar(&o.quiet, "quiet", false, "for the program's own use")
	flag.Parse()
	if err := run(context.Background(), o); err != nil {
		fmt.Fprintln(os.Stderr, "exchange:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, o options) error {
	switch o.child {
	case "to":
		return serveNode(ctx, o)
	case "from":
		return sendOn(ctx, o)
	}
	all := map[string]func(context.Context, options) error{"letter": letterFigures, "numbers": numberFigures, "ecms": exchangeFigures, "attachment": attachmentFigures, "kill": killRounds}
	for _, name := range strings.Split(o.only, ",") {
		f, ok := all[name]
		if !ok {
			known := []string{}
			for k := range all {
				known = append(known, k)
			}
			slices.Sort(known)
			return fmt.Errorf("%q is none of %s", name, strings.Join(known, ", "))
		}
		if err := f(ctx, o); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

// figure prints a line of the table; a bound of 0 asks nothing.
func figure(name string, value float64, unit string, asked string, met bool) {
	mark := ""
	if asked != "" {
		mark = map[bool]string{true: "yes", false: "no"}[met]
	}
	fmt.Printf("| %s | %.4g %s | %s | %s |\n", name, value, unit, asked, mark)
}

func atMost(name string, value float64, unit string, bound float64) {
	figure(name, value, unit, fmt.Sprintf("≤ %g %s", bound, unit), value <= bound)
}

func atLeast(name string, value float64, unit string, bound float64) {
	figure(name, value, unit, fmt.Sprintf("≥ %g %s", bound, unit), value >= bound)
}
