package public

import (
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"prasan/internal/cases"
	"prasan/internal/errs"
	"prasan/internal/web/kit"
)

// Limits of what a post may carry. A message far over its limit is still read, so that
// it can be given back with the error.
const (
	maxFormBytes  = 2 << 20
	maxFieldBytes = 1 << 20
	maxParts      = 40
)

// input is what was posted at a step.
type input struct {
	url.Values
	state    *state
	old      error // the form was too old, or not ours
	problems []errs.Field
}

// read reads a step's post; files are stored encrypted as they arrive, and only their
// handles travel on.
func (v *visit) read(step string) (*input, error) {
	kind, params, err := mime.ParseMediaType(v.Header.Get("Content-Type"))
	if err != nil {
		kind = ""
	}
	if kind != "multipart/form-data" {
		return v.readForm()
	}
	limit := int64(maxFormBytes)
	if step == "message" {
		limit += v.f.MaxFile * (cases.MaxAttachments + 1)
	}
	in := &input{Values: url.Values{}}
	if err := v.readParts(in, multipart.NewReader(http.MaxBytesReader(v.w, v.Body, limit), params["boundary"])); err != nil {
		return nil, err
	}
	if in.state == nil {
		in.state, in.old = v.open("")
	}
	return in, nil
}

func (v *visit) readForm() (*input, error) {
	v.Body = http.MaxBytesReader(v.w, v.Body, maxFormBytes)
	if err := v.ParseForm(); err != nil {
		return nil, kit.BadPost(err)
	}
	in := &input{Values: v.PostForm}
	in.state, in.old = v.open(in.Get("state"))
	in.clean()
	return in, nil
}

// readParts reads fields and files in the order of the form: the state comes first.
// Nothing is spooled to the disk in clear.
func (v *visit) readParts(in *input, body *multipart.Reader) error {
	for range maxParts {
		part, err := body.NextPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return kit.BadPost(err)
		}
		if part.FileName() != "" || part.FormName() == "attachment" {
			if err := v.attach(in, part); err != nil {
				return err
			}
			continue
		}
		text, err := io.ReadAll(io.LimitReader(part, maxFieldBytes))
		if err != nil {
			return kit.BadPost(err)
		}
		in.Add(part.FormName(), string(text))
		if part.FormName() == "state" && in.state == nil {
			in.state, in.old = v.open(string(text))
		}
	}
	in.clean()
	return nil
}

// attach stores one file of the post. A browser sends an empty part for an input with
// no file chosen.
func (v *visit) attach(in *input, part *multipart.Part) error {
	if part.FileName() == "" {
		return nil
	}
	if in.state == nil {
		in.state, in.old = v.open("")
	}
	if len(in.state.Files) >= cases.MaxAttachments {
		if !hasProblem(in.problems, "attachment") {
			in.problems = append(in.problems, errs.Field{Name: "attachment", Key: "error.attachment-many", Args: []any{"max", cases.MaxAttachments}})
		}
		_, err := io.Copy(io.Discard, part)
		return large(err)
	}
	staged, err := v.f.Stage(v.Context(), part.FileName(), part)
	if err == nil {
		in.state.Files = append(in.state.Files, staged)
		return nil
	}
	x := errs.As(err)
	if x.Kind != errs.Invalid && x.Kind != errs.TooLarge {
		return err
	}
	key, args := x.Key, x.Args
	if len(x.Fields) > 0 {
		key, args = x.Fields[0].Key, x.Fields[0].Args
	}
	in.problems = append(in.problems, errs.Field{Name: "attachment", Key: key, Args: args})
	_, err = io.Copy(io.Discard, part) // the rest of it, so that the next part can be read
	return large(err)
}

func large(err error) error {
	if err == nil {
		return nil
	}
	return kit.BadPost(err)
}

// clean keeps what is no text out of pages and seals; a browser sends none.
func (in *input) clean() {
	for _, values := range in.Values {
		for i, s := range values {
			if !utf8.ValidString(s) {
				values[i] = strings.ToValidUTF8(s, "")
			}
		}
	}
}
