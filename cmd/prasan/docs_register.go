package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"prasan/internal/i18n"
	"prasan/internal/register"
	"prasan/internal/ropa"
	"prasan/internal/ropa/edit"
	"prasan/internal/ropa/lint"
	"prasan/internal/truth"
)

// writeRegister explains the record: its rows, its life, and what is said of its truth.
func writeRegister(w io.Writer, m *manual) error {
	fmt.Fprintf(w, `# The register

%s
The record of processing activities (PDPA s.39) is a typed value with a canonical text. The program obeys the revision
that is in force: it computes from it which data a form asks, who may read them and for which purpose, to whom they may
go, and until when they are kept. Beside each row stands what the program can say of its truth. The pages are
`+"`/th/office/records`, `/th/office/truth`"+` and, for the public, `+"`/th/record`"+`; the commands are in [cli.md](cli.md) under
`+"`prasan ropa`"+` and `+"`prasan truth`"+`.
`, made)
	for _, part := range []func(io.Writer, *manual){writeRows, writeNothings, writeLife, writeStatuses, writeLooks, writeClasses, writeRules} {
		part(w, m)
	}
	return nil
}

// both says a message in both languages, for a cell of a table.
func both(key string) string {
	return cell(i18n.T("en", key)) + " | " + cell(i18n.T("th", key))
}

func writeRows(w io.Writer, m *manual) {
	fmt.Fprint(w, `
## Rows

The form has 53 rows. Target is the most that the program can make of a row: whether it does is said by the truth report,
from what is wired into this installation. The last two columns name the parts that obey the row and the probes that
compare it; `+"`lint`"+`, which reads every row, is left out.

| no. | identifier | row | แถว | law | target | obeyed by | compared by |
|---:|---|---|---|---|---|---|---|
`)
	for _, r := range ropa.Rows {
		fmt.Fprintf(w, "| %d | `%s` | %s | %s | %s | %s | %s | %s |\n", r.No, r.ID, r.Title.EN, r.Title.TH, r.Law, r.Target, ids(enforcementsOf(m.app.Truth, r.ID)), ids(probesOf(m.app.Truth, r.ID)))
	}
}

func ids(list []string) string {
	var out []string
	for _, x := range list {
		if x = "`" + x + "`"; !slices.Contains(out, x) {
			out = append(out, x)
		}
	}
	return strings.Join(out, ", ")
}

func enforcementsOf(s *truth.Service, row string) (out []string) {
	for _, e := range s.Enforcements() {
		if slices.Contains(e.Rows, row) {
			out = append(out, e.ID)
		}
	}
	return out
}

func probesOf(s *truth.Service, row string) (out []string) {
	for _, p := range s.Probes() {
		if p.ID != "lint" && slices.Contains(p.Rows, row) {
			out = append(out, p.ID)
		}
	}
	return out
}

func writeNothings(w io.Writer, _ *manual) {
	fmt.Fprint(w, `
### Kinds of nothing

A cell without a value says one of several things, and they are kept apart.

| state | meaning | ความหมาย |
|---|---|---|
`)
	for _, s := range ropa.States {
		if s.IsNothing() {
			fmt.Fprintf(w, "| `%s` | %s |\n", s, both("office.nothing-"+string(s)))
		}
	}
}

// writeParts says how the record is written in the office.
func writeParts(w io.Writer) {
	fmt.Fprint(w, `
## Writing the record

A record is written as a form, field by field, in the parts below; each is saved by itself into the draft. Where a row has a
meaning that the program obeys, it stands under its words. What somebody else saved meanwhile in another part stays; of two
who write the same part, the second is told what differs and loses nothing. Lines of lists and tables are added, moved and
taken away by buttons, without JavaScript. The same is done by `+"`PATCH /activities/{code}/draft`"+` with the path of one field.
A file that was exported, and edited in a spreadsheet or a word processor, is read back: changed cells, and rows that were
written into the tables of the flow and of the systems; what is not certain is asked.

| part | ส่วน | rows | parts of the record |
|---|---|---|---|
`)
	for _, s := range edit.Sections {
		rows := ""
		if n := len(s.Rows); n > 0 {
			if rows = fmt.Sprint(s.Rows[0].No); n > 1 {
				rows += fmt.Sprintf("-%d", s.Rows[n-1].No)
			}
		}
		fmt.Fprintf(w, "| %s | %s | %s | `%s` |\n", s.Title.EN, s.Title.TH, rows, strings.Join(s.Parts(), "`, `"))
	}
}

func writeLife(w io.Writer, _ *manual) {
	writeParts(w)
	fmt.Fprint(w, `
## Life of a revision

Revisions are immutable and chained: each holds the digest of the one before, and `+"`prasan ropa verify`"+` checks the chain.
Only a draft can be changed, and an activity has at most one revision on its way. What is approved is the text with the
digest that the approver has read; two different people approve. A revision has no effect until it is in force; then it has
all of it at once, and every stored case still keeps the revision under which it was collected.

| act | from | to | by |
|---|---|---|---|
`)
	for _, t := range register.Transitions {
		fmt.Fprintf(w, "| %s | %s | %s | %s |\n", t.Action, orNone(t.From), orNone(t.To), cell(t.By))
	}
	fmt.Fprint(w, `
### What a plan says

Before it is submitted, and at any time by `+"`prasan ropa plan`"+`, a revision is compared with the one in force. The plan names
the effects below. It also says why a revision would be refused: it does not compile, it would lock everybody out, leave
too few to approve the next, or keep data for less than a law demands.

| effect | meaning | ความหมาย |
|---|---|---|
`)
	for _, kind := range register.EffectKinds {
		fmt.Fprintf(w, "| `%s` | %s |\n", kind, both("plan."+kind))
	}
}

func orNone(state string) string {
	if state == "" {
		return "(none)"
	}
	return state
}

func writeStatuses(w io.Writer, _ *manual) {
	fmt.Fprint(w, `
## Statuses

Each row of a revision in force has one status with its evidence and the age of that. What a person merely says is never
shown as verified: where a probe finds it wrong, it is at best attested, and drifts. The percentage is the share of the
rows that are enforced or verified without drift, of those of which the program can speak (all but attested and external).

| status | name | ชื่อ | meaning | ความหมาย |
|---|---|---|---|---|
`)
	for _, s := range truth.Statuses {
		fmt.Fprintf(w, "| `%s` | %s | %s |\n", s, both("truth.status-"+string(s)), both("registerpages.means-"+string(s)))
	}
}

// writeLooks lists what obeys and what compares, a line an identifier.
func writeLooks(w io.Writer, m *manual) {
	fmt.Fprint(w, "\n### Parts that obey\n\n| part | evidence | หลักฐาน |\n|---|---|---|\n")
	var seen []string
	for _, e := range m.app.Truth.Enforcements() {
		if !slices.Contains(seen, e.ID) {
			seen = append(seen, e.ID)
			fmt.Fprintf(w, "| `%s` | %s |\n", e.ID, both("truth.by-"+e.ID))
		}
	}
	fmt.Fprint(w, "\n### Probes\n\nA probe that finds something wrong reports drift of its class. One that cannot look, or has nothing to look at yet, says\nnothing, and the row stays unknown.\n\n| probe | class | evidence | หลักฐาน |\n|---|---|---|---|\n")
	seen = nil
	for _, p := range m.app.Truth.Probes() {
		if !slices.Contains(seen, p.ID) {
			seen = append(seen, p.ID)
			fmt.Fprintf(w, "| `%s` | %s | %s |\n", p.ID, p.Class, both("truth.probe-"+p.ID))
		}
	}
}

func writeClasses(w io.Writer, m *manual) {
	fmt.Fprint(w, `
## Drift

Drift is a difference between the record and what is so. Its owner is a duty of the record (rows 24-33). Who holds the
duty of review may accept a drift until a day, at most a year away, with a reason; it is listed, and counted again after
that day.

| class | severity | owner | drift | ความแตกต่าง | probes |
|---|---|---|---|---|---|
`)
	for _, c := range truth.Classes {
		var probes []string
		for _, p := range m.app.Truth.Probes() {
			if p.Class == c.Code {
				probes = append(probes, p.ID)
			}
		}
		owner := ropa.RowByID("duty." + string(c.Duty))
		fmt.Fprintf(w, "| %s | %s | row %d, %s | %s | %s | %s |\n", c.Code, c.Severity, owner.No, owner.Title.EN, c.Text.EN, c.Text.TH, ids(probes))
	}
}

func writeRules(w io.Writer, _ *manual) {
	_, table, _ := strings.Cut(lint.Markdown(), "\n\n")
	fmt.Fprintf(w, "\n## Lint rules\n\nThe lint reads nothing but the record. %s", strings.TrimPrefix(table, "Written by the program from its own table. "))
}
