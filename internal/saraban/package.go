package saraban

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"time"

	"prasan/internal/audit"
	"prasan/internal/db"
	"prasan/internal/doc/cms"
	"prasan/internal/errs"
	"prasan/internal/letters"
	"prasan/internal/policy"
)

// A package is a letter to be carried: the sealed PDF, what it says for machines, and a
// manifest of their hashes, signed with the seal of the sender. It is refused when any
// byte of it has changed.
const (
	packageWords     = "letter.json"
	packageFilesName = "attachments.json" // names, types and contents of what goes with it
	packageManifest  = "manifest.json"
	packageSignature = "manifest.p7s"
	maxPackage       = 64 << 20
)

// packageFiles are the names of a package beside the letter's own, which ends as its type
// does.
var packageFiles = []string{packageWords, packageFilesName, packageManifest, packageSignature}

// letterTypes are the names under which a letter lies in a package, with their types.
var letterTypes = map[string]string{"letter.pdf": "application/pdf", "letter.jpg": "image/jpeg", "letter.png": "image/png"}

// Carried is the machine-readable form of a letter in a package.
type Carried struct {
	Number   string          `json:"number"`
	Date     time.Time       `json:"date"`
	Subject  string          `json:"subject"`
	Secrecy  letters.Secrecy `json:"secrecy"`
	Urgency  letters.Urgency `json:"urgency"`
	From     string          `json:"from"` // code in the directory
	FromName string          `json:"from_name"`
	To       string          `json:"to"`
	Dispatch string          `json:"dispatch"`
	Content  letters.Content `json:"content"`
}

type manifest struct {
	Version int               `json:"version"`
	SHA256  map[string]string `json:"sha256"`
}

// Package writes the package of a letter that was dispatched by file.
func (s *Service) Package(ctx context.Context, a policy.Actor, id string) ([]byte, error) {
	l, err := s.Letters.Get(ctx, a, id)
	if err != nil {
		return nil, err
	}
	if !policy.May(a, "letter.dispatch", l.Agency) {
		return nil, errs.New(errs.Forbidden, "error.forbidden")
	}
	var d Dispatch
	if err := s.DB.Read(ctx, func(tx *db.Tx) (err error) {
		d, err = oneDispatch(tx, `letter_id = $1 AND channel = 'file' ORDER BY id DESC`, id)
		return err
	}); err != nil {
		return nil, errs.New(errs.Conflict, "error.channel-closed")
	}
	_, file, err := s.Letters.File(ctx, id, "dispatch.file")
	if err != nil {
		return nil, err
	}
	_, content, err := s.Letters.Words(ctx, id, "dispatch.file")
	if err != nil {
		return nil, err
	}
	from, _ := s.Agencies.Get(l.Agency)
	words, err := json.MarshalIndent(Carried{l.NumberText, l.NumberedAt, l.Subject, l.Secrecy, l.Urgency, l.Agency, from.Name.TH, l.To, d.ID, content}, "", " ")
	if err != nil {
		return nil, err
	}
	attached, err := s.attachments(ctx, &l)
	if err != nil {
		return nil, err
	}
	files, err := json.Marshal(append([]Attachment{}, attached...))
	if err != nil {
		return nil, err
	}
	name := "letter" + letters.FileTypes[l.FileType]
	list, err := json.MarshalIndent(manifest{1, map[string]string{name: hashOf(file), packageWords: hashOf(words), packageFilesName: hashOf(files)}}, "", " ")
	if err != nil {
		return nil, err
	}
	signature, err := s.Letters.Sign(ctx, l.Agency, list)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	for i, data := range [][]byte{file, words, files, list, signature} {
		w, err := z.CreateHeader(&zip.FileHeader{Name: append([]string{name}, packageFiles...)[i], Method: zip.Deflate, Modified: l.NumberedAt})
		if err != nil {
			return nil, err
		}
		if _, err := w.Write(data); err != nil {
			return nil, err
		}
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), s.DB.InTx(ctx, func(tx *db.Tx) error {
		return s.Audit.Append(tx, audit.Event{Actor: a.Account, Action: "letter.package", Object: "letter:" + id, Body: map[string]any{"dispatch": d.ID}})
	})
}

func hashOf(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// unpacked is a package that is whole: its letter, and the hash of the certificate that
// signed it.
type unpacked struct {
	Carried
	letter   Attachment
	attached []Attachment
	signer   string
}

// unpack reads a package and refuses what was altered: a name that is not one of a
// package's, one that is there twice, sizes beyond a letter's, hashes, the signature.
func unpack(data []byte) (u unpacked, err error) {
	bad := func(err error) (unpacked, error) { return unpacked{}, errs.Wrap(err, errs.Invalid, "error.package") }
	files, err := unzip(data)
	if err != nil {
		return bad(err)
	}
	var m manifest
	if err := json.Unmarshal(files[packageManifest], &m); err != nil || len(m.SHA256) != 3 {
		return bad(err)
	}
	for name, kind := range letterTypes {
		if files[name] != nil {
			u.letter = Attachment{Name: name, Type: kind, Data: files[name]}
		}
	}
	for _, name := range []string{u.letter.Name, packageWords, packageFilesName} {
		if files[name] == nil || m.SHA256[name] != hashOf(files[name]) {
			return bad(nil)
		}
	}
	if err := json.Unmarshal(files[packageFilesName], &u.attached); err != nil {
		return bad(err)
	}
	who, err := cms.Verify(files[packageManifest], files[packageSignature])
	if err != nil {
		return bad(err)
	}
	if err := json.Unmarshal(files[packageWords], &u.Carried); err != nil || u.Number == "" || u.Secrecy.Level() < 0 {
		return bad(err)
	}
	u.signer = hashOf(who.Raw)
	return u, nil
}

// unzip reads the files of a package: all of them, each once, and nothing else.
func unzip(data []byte) (map[string][]byte, error) {
	if len(data) > maxPackage {
		return nil, errors.New("too large")
	}
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, err
	}
	if len(z.File) != len(packageFiles)+1 {
		return nil, errors.New("files are missing, or there are more")
	}
	files := map[string][]byte{}
	left := int64(maxPackage)
	for _, f := range z.File {
		if letterTypes[f.Name] == "" && !slices.Contains(packageFiles, f.Name) || files[f.Name] != nil {
			return nil, errors.New("a name that is not of a package")
		}
		r, err := f.Open()
		if err != nil {
			return nil, err
		}
		body, err := io.ReadAll(io.LimitReader(r, left+1))
		r.Close()
		if left -= int64(len(body)); err != nil || left < 0 || len(body) == 0 {
			return nil, errors.Join(err, errors.New("empty or too large"))
		}
		files[f.Name] = body
	}
	return files, nil
}

// Import takes a package that was carried here into the incoming letters of the actor's
// agency. Which certificate signed it is kept; whether it is the sender's own is seen by
// the registrar, who knows it.
func (s *Service) Import(ctx context.Context, a policy.Actor, data []byte) (In, error) {
	if !policy.May(a, "letter.receive", a.Agency) {
		return In{}, errs.New(errs.Forbidden, "error.forbidden")
	}
	c, err := unpack(data)
	if err != nil {
		return In{}, err
	}
	if c.To != "" && c.To != a.Agency {
		return In{}, errs.InvalidField("package", "error.package-other")
	}
	from := c.From
	if _, ok := s.Agencies.Get(from); !ok {
		from = ""
	}
	// The sending is this installation's own where it is known here: then the sender hears of it.
	here := ""
	if err := s.DB.Read(ctx, func(tx *db.Tx) error {
		if d, err := oneDispatch(tx, `id = $1 AND to_agency = $2`, c.Dispatch, a.Agency); err == nil {
			here = d.ID
		} else if errs.KindOf(err) != errs.NotFound {
			return err
		}
		return nil
	}); err != nil {
		return In{}, err
	}
	put, err := s.prepare(ctx, Arrival{Agency: a.Agency, From: from, FromName: c.FromName, ToName: c.Content.Addressee, Number: c.Number, Dated: c.Date, Subject: c.Subject, Secrecy: c.Secrecy, Urgency: c.Urgency, Channel: File, Dispatch: here, ProcessID: "file:" + c.Dispatch, File: c.letter.Data, FileType: c.letter.Type, Content: &c.Content, Attachments: c.attached})
	if err != nil {
		return In{}, err
	}
	var in In
	err = s.DB.InTx(ctx, func(tx *db.Tx) error {
		if err := put(tx); err != nil {
			return err
		}
		if in, err = oneIn(tx, `agency = $1 AND process_id = $2 AND process_id <> ''`, a.Agency, "file:"+c.Dispatch); err != nil {
			return err
		}
		return s.note(tx, a.Account, "import", in.ID, map[string]string{"certificate": c.signer})
	})
	return in, err
}
