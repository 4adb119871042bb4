package edit

import "prasan/internal/ropa"

// Blank is the form of a new activity, to be filled in: every row is there, and empty.
func Blank(code string, name ropa.Text, group ropa.ProcessGroup) *ropa.Revision {
	r := &ropa.Revision{APIVersion: ropa.APIVersion, Kind: ropa.Kind, Code: code, Name: name, ProcessGroup: group, Form: ropa.Form{}}
	for _, def := range ropa.Rows {
		r.Form[def.ID] = ropa.Row{State: ropa.Blank}
	}
	for id, text := range map[string]string{"activity.name": name.TH, "process_group.name": group.Name.TH} {
		r.Form[id] = ropa.Row{State: ropa.StateOf(text), Text: text}
	}
	return r
}
