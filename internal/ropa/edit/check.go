package edit

import (
	"errors"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"prasan/internal/errs"
	"prasan/internal/ropa"
)

var (
	codeForm = regexp.MustCompile(`^[a-z][a-z0-9_-]{0,63}$`)
	notCode  = regexp.MustCompile(`[^a-z0-9]+`)
	country  = regexp.MustCompile(`^[A-Z]{2}$`)
)

// Finish gives new items their codes, and says of a section what cannot be kept: every
// field that is wrong, in the order of the form. What was so before is not held against
// who changes something else.
func (s Section) Finish(r, before *ropa.Revision) []errs.Field {
	was, now := checker{said: map[string]string{}}, checker{said: map[string]string{}}
	for _, p := range s.Parts() {
		was.check(at(before, p), p, p)
		now.check(at(r, p), p, p)
	}
	var faults []errs.Field
	for _, f := range now.faults {
		if text, old := was.said[f.Name]; !old || text != now.said[f.Name] {
			faults = append(faults, f)
		}
	}
	if len(faults) > 0 {
		return faults
	}
	var wrong *ropa.ParseError
	if err := ropa.Validate(r); errors.As(err, &wrong) {
		name := strings.NewReplacer("[", ".", "]", "").Replace(wrong.Field)
		for _, p := range s.Parts() {
			if name == p || strings.HasPrefix(name, p+".") {
				return []errs.Field{{Name: name, Key: "editor.error-value", Args: []any{"reason", wrong.Reason}}}
			}
		}
		return []errs.Field{{Name: "section", Key: "editor.error-elsewhere", Args: []any{"field", wrong.Field, "reason", wrong.Reason}}}
	}
	return nil
}

type checker struct {
	faults []errs.Field
	said   map[string]string // the wrong texts by their fields
}

func (c *checker) fault(name, key string, args ...any) {
	c.faults = append(c.faults, errs.Field{Name: name, Key: key, Args: args})
}

func (c *checker) check(v reflect.Value, name, key string) {
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			k := v.Type().Field(i).Tag.Get("yaml")
			c.check(v.Field(i), name+"."+k, key+"."+k)
		}
	case reflect.Slice:
		if isDeclared[key] {
			c.codes(v, name)
		}
		for i := range v.Len() {
			c.check(v.Index(i), name+"."+strconv.Itoa(i), key+"[]")
		}
	case reflect.String:
		if v.Len() > 0 {
			c.text(v.String(), name, key)
		}
	}
}

// isDeclared are the lists whose items are cited by a code of their own.
var isDeclared = map[string]bool{"elements": true, "purposes": true, "parties": true, "documents": true}

// codes gives items without a code one from their English name, and refuses doubles.
func (c *checker) codes(v reflect.Value, name string) {
	seen := map[string]bool{}
	for i := range v.Len() {
		seen[v.Index(i).FieldByName("Code").String()] = true
	}
	times := map[string]int{}
	for i := range v.Len() {
		code := v.Index(i).FieldByName("Code")
		if code.Len() == 0 {
			code.SetString(codeFor(v.Index(i), name, i, seen))
			seen[code.String()] = true
		}
		at := name + "." + strconv.Itoa(i) + ".code"
		if times[code.String()]++; times[code.String()] > 1 {
			c.fault(at, "editor.error-code-twice", "code", code.String())
		} else if !codeForm.MatchString(code.String()) {
			c.fault(at, "editor.error-code", "code", code.String())
		}
	}
}

func codeFor(item reflect.Value, list string, i int, taken map[string]bool) string {
	base := ""
	for _, k := range []string{"Label", "Text", "Name", "Title"} {
		if f := item.FieldByName(k); f.IsValid() {
			base = strings.Trim(notCode.ReplaceAllString(strings.ToLower(f.Interface().(ropa.Text).EN), "-"), "-")
		}
	}
	if base = base[:min(len(base), 40)]; !codeForm.MatchString(base) {
		base = strings.TrimSuffix(list, "s") + "-" + strconv.Itoa(i+1)
	}
	out := base
	for n := 2; taken[out]; n++ {
		out = base + "-" + strconv.Itoa(n)
	}
	return out
}

func (c *checker) text(s, name, key string) {
	n := len(c.faults)
	defer func() {
		if len(c.faults) > n {
			c.said[name] = s
		}
	}()
	if len(s) > 20000 {
		c.fault(name, "editor.error-long")
	}
	switch k := last(key); {
	case k == "period" || k == "cycle":
		if _, ok := ropa.ParsePeriod(s); !ok {
			c.fault(name, "editor.error-period")
		}
	case k == "country":
		if !country.MatchString(s) {
			c.fault(name, "editor.error-country")
		}
	case k == "as_of":
		if _, err := time.Parse(time.DateOnly, s); err != nil {
			c.fault(name, "editor.error-day")
		}
	case strings.HasPrefix(sourceOf(key), "enum:"):
		if !slices.Contains(ropa.Allowed(key), s) {
			c.fault(name, "editor.error-choice")
		}
	}
}
