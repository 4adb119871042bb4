// Package kit is what every page is made of: parsed templates a language, the frame
// around a page, fields and tables, one place where errors become pages or RFC 9457
// problems, sealed form state, and the headers that keep a browser safe.
//
// A face (public, office) does this:
//
//	//go:embed templates/*.html
//	var files embed.FS
//
//	set, err := kit.Parse(files, "templates/*.html")   // kit's components are in it
//	frame, err := set.Frame(lang, "frame", data)       // rendered once a (site, language)
//	mux.Handle("GET /{lang}/x", edge.Handle(func(w http.ResponseWriter, r *http.Request) error {
//		return frame.Write(w, r, kit.Page{Status: 200, Title: "...", Path: "/x"}, set, "x", data)
//	}))
//	handler := kit.Secure(kit.Options{TLS: app.IsTLS}, mux)
//
// Templates have these functions, bound to their language: t (message of the catalogue;
// further arguments are name, value pairs), lang, asset (address of an asset), date,
// datetime, iso, phone, tel, text (of a policy-like value with In(lang)), lines (splits
// at line ends), size (of a file), dict (name, value pairs to a map), and thousands.
//
// Components, each a template that takes a typed value whose texts are translated
// already: "kit/errors" (*Summary), "kit/field" (Field), "kit/radios" (Radios),
// "kit/checkbox" (Checkbox), "kit/summary" ([]Row), "kit/table" (Table), "kit/pager"
// (Pager), "kit/chip" (Chip), "kit/timeline" ([]Moment), "kit/note" (Note). Nothing here
// needs JavaScript.
package kit
