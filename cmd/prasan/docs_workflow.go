package main

import (
	"cmp"
	"fmt"
	"io"
	"strings"

	"prasan/internal/breach"
	"prasan/internal/retention"
	"prasan/internal/rights"
)

// writeOtherWorkflows prints the workflows of what is over everything: requests of people
// about their data, breaches, destruction rounds.
func writeOtherWorkflows(w io.Writer) {
	fmt.Fprint(w, "\n## A request of a person about his data\n\n`person` is who asks; the office has no such act. A letter that is sent answers by itself.\n\n| act | from | to | by | seen by the person |\n|---|---|---|---|---|\n")
	for _, t := range rights.Transitions {
		seen := "no"
		if t.Public {
			seen = "yes"
		}
		fmt.Fprintf(w, "| %s | %s | %s | %s | %s |\n", t.Action, words(t.From), cmp.Or(string(t.To), "(same)"), t.By, seen)
	}
	fmt.Fprint(w, "\n## A breach\n\nThe notice is told to the Office of the PDPC when its letter is sent.\n\n| act | from | to | by |\n|---|---|---|---|\n")
	for _, t := range breach.Transitions {
		fmt.Fprintf(w, "| %s | %s | %s | %s |\n", t.Action, words(t.From), cmp.Or(string(t.To), "(same)"), t.By)
	}
	fmt.Fprint(w, "\n## A destruction round\n\n`duty` is the holder of the duty of row 32, never who asked for the destruction; `system` is the program.\n\n| act | from | to | path | by |\n|---|---|---|---|---|\n")
	for _, t := range retention.Transitions {
		fmt.Fprintf(w, "| %s | %s | %s | %s | %s |\n", t.Action, words(t.From), string(t.To), cmp.Or(t.Path, "both"), t.By)
	}
}

func words[T ~string](list []T) string {
	out := make([]string, len(list))
	for i, x := range list {
		out[i] = string(x)
	}
	return strings.Join(out, ", ")
}
