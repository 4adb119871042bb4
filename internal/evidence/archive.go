package evidence

import (
	"archive/zip"
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"prasan/internal/errs"
)

// Kind heads every package.
const Kind = "prasan/evidence/v1"

const (
	manifestName = "manifest.json"
	keyLen       = 2 * ed25519.PublicKeySize
	sigLen       = 2 * ed25519.SignatureSize
	tailLen      = len(Kind) + 1 + keyLen + 1 + sigLen
)

// Limits of what is read when a package is verified: a file from elsewhere may be a bomb.
const (
	maxEntries = 20000
	maxEntry   = 256 << 20
	maxWhole   = 1 << 30
)

// Manifest says what a package is and what is in it.
type Manifest struct {
	Kind         string     `json:"kind"`
	ID           string     `json:"id"`
	Installation string     `json:"installation"` // its domain
	Program      string     `json:"program"`
	Agency       string     `json:"agency"` // "" is all of them
	From         time.Time  `json:"from"`
	To           time.Time  `json:"to"`
	MadeAt       time.Time  `json:"made_at"`
	MadeBy       string     `json:"made_by"`
	Register     []InForce  `json:"register"`
	Entries      []Entry    `json:"entries"`
	Omitted      []Omission `json:"omitted"` // what is not in it, and why
	AuditKey     string     `json:"audit_key"`
	PublicKey    string     `json:"public_key"`
}

// InForce is a revision that was in force when the package was made.
type InForce struct {
	Activity string `json:"activity"`
	Revision int    `json:"revision"`
	SHA256   string `json:"sha256"`
}

// Entry is a file of the package.
type Entry struct {
	Name   string `json:"name"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

// Omission is something that is not in the package.
type Omission struct {
	What string `json:"what"`
	Why  string `json:"why"`
}

// writer fills an archive.
type writer struct {
	buf     bytes.Buffer
	zip     *zip.Writer
	at      time.Time
	entries []Entry
	names   map[string]bool
}

func newWriter(at time.Time) *writer {
	w := &writer{at: at.UTC().Truncate(time.Second), names: map[string]bool{}}
	w.zip = zip.NewWriter(&w.buf)
	return w
}

func (w *writer) put(name string, body []byte) error {
	if w.names[name] || name == manifestName {
		return fmt.Errorf("evidence: %s twice", name)
	}
	w.names[name] = true
	sum := sha256.Sum256(body)
	w.entries = append(w.entries, Entry{name, int64(len(body)), hex.EncodeToString(sum[:])})
	return w.store(name, body)
}

func (w *writer) store(name string, body []byte) error {
	f, err := w.zip.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate, Modified: w.at})
	if err != nil {
		return err
	}
	_, err = f.Write(body)
	return err
}

// seal ends the archive: the manifest is its last entry, the signature its last bytes.
// They stand in the comment of the ZIP, which every program that opens one passes over.
func (w *writer) seal(m Manifest, key ed25519.PrivateKey) ([]byte, error) {
	public := hex.EncodeToString(key.Public().(ed25519.PublicKey))
	m.Kind, m.Entries, m.PublicKey = Kind, w.entries, public
	text, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return nil, err
	}
	if err := w.store(manifestName, text); err != nil {
		return nil, err
	}
	if err := w.zip.SetComment(Kind + " " + public + " " + strings.Repeat("0", sigLen)); err != nil {
		return nil, err
	}
	if err := w.zip.Close(); err != nil {
		return nil, err
	}
	out := w.buf.Bytes()
	body := out[:len(out)-sigLen]
	copy(out[len(body):], hex.EncodeToString(ed25519.Sign(key, signed(body))))
	return out, nil
}

// signed is what is signed of a package: its digest, under its own name.
func signed(body []byte) []byte {
	sum := sha256.Sum256(body)
	return []byte(Kind + "\n" + hex.EncodeToString(sum[:]) + "\n")
}

// IsPackage tells whether a file ends, or begins, as a package does, so that one whose
// end was damaged is still looked at.
func IsPackage(head, tail []byte) bool {
	return bytes.HasPrefix(head, []byte("PK\x03\x04")) || len(tail) >= tailLen && bytes.HasPrefix(tail[len(tail)-tailLen:], []byte(Kind+" "))
}

// open reads the files of a package and says what is not as it was signed. It goes on
// after a false signature, so that it can be told which files differ.
func open(data []byte) (Manifest, map[string][]byte, []string, error) {
	var m Manifest
	var faults []string
	key, err := checkSignature(data)
	if err != nil {
		faults = append(faults, err.Error())
	}
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil || len(z.File) > maxEntries {
		return m, nil, append(faults, "it cannot be read as an archive"), nil
	}
	files := map[string][]byte{}
	left := int64(maxWhole)
	for _, f := range z.File {
		body, err := read(f, &left)
		switch {
		case err != nil:
			faults = append(faults, f.Name+" is damaged")
		case files[f.Name] != nil:
			faults = append(faults, f.Name+" stands twice in it")
		default:
			files[f.Name] = body
		}
	}
	if json.Unmarshal(files[manifestName], &m) != nil || m.Kind != Kind {
		if len(faults) == 0 {
			return m, nil, nil, errs.New(errs.Invalid, "error.evidence-not")
		}
		return m, nil, append(faults, "it has no manifest"), nil
	}
	if key != "" && key != m.PublicKey {
		faults = append(faults, "the manifest names another key than the one that signed")
	}
	delete(files, manifestName)
	return m, files, append(faults, compare(m, files)...), nil
}

func read(f *zip.File, left *int64) ([]byte, error) {
	r, err := f.Open()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	body, err := io.ReadAll(io.LimitReader(r, min(maxEntry, *left)+1))
	if *left -= int64(len(body)); err == nil && (*left < 0 || len(body) > maxEntry) {
		err = fmt.Errorf("too large")
	}
	if body == nil {
		body = []byte{}
	}
	return body, err
}

func compare(m Manifest, files map[string][]byte) (faults []string) {
	listed := map[string]bool{}
	for _, e := range m.Entries {
		body, ok := files[e.Name]
		sum := sha256.Sum256(body)
		switch {
		case !ok:
			faults = append(faults, e.Name+" is missing")
		case int64(len(body)) != e.Size || hex.EncodeToString(sum[:]) != e.SHA256:
			faults = append(faults, e.Name+" is not the file that the manifest lists")
		}
		listed[e.Name] = true
	}
	for name := range files {
		if !listed[name] {
			faults = append(faults, name+" is not listed in the manifest")
		}
	}
	return faults
}

// checkSignature returns the key that a package names, if every byte is as it signed.
func checkSignature(data []byte) (string, error) {
	broken := fmt.Errorf("the signature is not that of this file: something in it was changed")
	if len(data) < tailLen {
		return "", broken
	}
	tail := string(data[len(data)-tailLen:])
	rest, ok := strings.CutPrefix(tail, Kind+" ")
	if !ok || rest[keyLen] != ' ' {
		return "", broken
	}
	public, err1 := lowerHex(rest[:keyLen])
	signature, err2 := lowerHex(rest[keyLen+1:])
	if err1 != nil || err2 != nil || !ed25519.Verify(public, signed(data[:len(data)-sigLen]), signature) {
		return "", broken
	}
	return rest[:keyLen], nil
}

// lowerHex reads digits in the one form in which they are written, so that no bit of
// them can be turned without being seen.
func lowerHex(text string) ([]byte, error) {
	raw, err := hex.DecodeString(text)
	if err == nil && hex.EncodeToString(raw) != text {
		err = fmt.Errorf("not lower case")
	}
	return raw, err
}
