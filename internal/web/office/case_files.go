package office

import (
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"strconv"
	"strings"
	"time"

	"prasan/internal/blob"
	"prasan/internal/cases"
	"prasan/internal/errs"
	"prasan/internal/web/kit"
)

const (
	// newCaseBody is what the form of a message taken down may bring: its files, one
	// more than are allowed, so that this can be said, and the text beside them.
	newCaseBody  = blob.MaxFile*(cases.MaxAttachments+1) + maxForm
	maxCaseParts = 60
	maxCaseField = 64 << 10
	// filesLifetime is how long files that were sent with a mistaken form wait for the
	// right one; what is not used by then is swept.
	filesLifetime = 12 * time.Hour
)

// acceptedFiles narrows the file dialogue; what a file really is the service decides.
const acceptedFiles = ".pdf,.jpg,.jpeg,.png,.gif,.webp,.heic,.docx,.xlsx,.odt,.txt,image/*"

// uploads are the files of the form: those of this post, and those that were sent with
// it before and wait in it.
type uploads struct {
	files []cases.Staged
	bad   []errs.Field
}

func (v *visit) filesPurpose() string { return "office-files:" + v.session.Account.Name }

// readUploads reads a post part by part: a file is stored encrypted as it arrives, and
// only its handle travels on. Nothing is spooled to the disk in clear.
func (v *visit) readUploads() (u uploads, err error) {
	parts, err := v.MultipartReader()
	if errors.Is(err, http.ErrNotMultipart) {
		return u, nil
	}
	if err != nil {
		return u, errs.Wrap(err, errs.Invalid, "error.invalid")
	}
	dropped := map[int]bool{}
	for range maxCaseParts {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return u, kit.BadPost(err)
		}
		if part.FileName() != "" || part.FormName() == "attachment" {
			if err := v.stageFile(&u, part); err != nil {
				return u, err
			}
			continue
		}
		text, err := io.ReadAll(io.LimitReader(part, maxCaseField))
		if err != nil {
			return u, kit.BadPost(err)
		}
		switch value := strings.ToValidUTF8(string(text), ""); part.FormName() {
		case "files":
			var before []cases.Staged
			if _, err := v.f.Seal.Open(v.filesPurpose(), value, &before); err == nil {
				u.files = append(before, u.files...)
			}
		case "drop":
			if n, err := strconv.Atoi(value); err == nil {
				dropped[n] = true
			}
		default:
			v.PostForm.Add(part.FormName(), value)
			v.Form.Add(part.FormName(), value)
		}
	}
	kept := u.files[:0:0]
	for i, f := range u.files {
		if !dropped[i] {
			kept = append(kept, f)
		}
	}
	u.files = kept
	return u, nil
}

// stageFile stores one file. A browser sends an empty part where none was chosen.
func (v *visit) stageFile(u *uploads, part *multipart.Part) error {
	if part.FileName() == "" {
		return nil
	}
	var err error
	if len(u.files) >= cases.MaxAttachments {
		err = errs.InvalidField("attachment", "error.attachment-many", "max", cases.MaxAttachments)
	} else {
		var f cases.Staged
		if f, err = v.f.Stage(v.Context(), part.FileName(), part); err == nil {
			u.files = append(u.files, f)
			return nil
		}
	}
	x := errs.As(err)
	if x.Kind != errs.Invalid && x.Kind != errs.TooLarge {
		return err
	}
	key, args := x.Key, x.Args
	if len(x.Fields) > 0 {
		key, args = x.Fields[0].Key, x.Fields[0].Args
	}
	u.bad = append(u.bad, errs.Field{Name: "attachment", Key: key, Args: args})
	if _, err := io.Copy(io.Discard, part); err != nil { // the rest of it, so that the next part can be read
		return kit.BadPost(err)
	}
	return nil
}

// attachField is the field for files.
func (v *visit) attachField(bad []errs.Field) kit.Field {
	var texts []string
	for _, f := range bad {
		if f.Name == "attachment" {
			texts = append(texts, kit.FieldError(v.lang, []errs.Field{f}, "attachment"))
		}
	}
	return kit.Field{Name: "attachment", Label: v.t("public.attachment"), Optional: v.t("office.optional"), Help: v.t("files.hint", "files", cases.MaxAttachments, "max", blob.MaxFile>>20), Type: "file", Multiple: true, Accept: acceptedFiles, Error: strings.Join(texts, " · ")}
}

// waiting are the files that wait in the form, each with a box to leave it out.
func (v *visit) staged(files []cases.Staged) (boxes []kit.Checkbox, sealed string) {
	if len(files) == 0 {
		return nil, ""
	}
	for i, f := range files {
		boxes = append(boxes, kit.Checkbox{Name: "drop", ID: "drop-" + strconv.Itoa(i), Value: strconv.Itoa(i), Label: v.t("office.new-drop", "name", f.Name)})
	}
	return boxes, v.f.Seal.Seal(v.filesPurpose(), files, filesLifetime)
}
