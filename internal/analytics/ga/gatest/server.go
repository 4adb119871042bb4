package gatest

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"time"

	"prasan/internal/analytics/ga"
)

// What the stand-in knows itself by.
const (
	Measurement = "G-PRASAN1234"
	Secret      = "stand-in-secret"
	Number      = "412345678"
	Email       = "reader@stand-in.iam.gserviceaccount.com"
	keyID       = "stand-in-key"
)

// Interfaces, for Fail.
const (
	Collect  = "collect"
	Token    = "token"
	Report   = "report"
	Deletion = "deletion"
	Script   = "script"
)

// Fault is how one request goes wrong.
type Fault struct {
	Status int           // instead of an answer
	Delay  time.Duration // before anything is said
	Half   bool          // the answer breaks off in the middle
	Drop   bool          // the connection is closed without an answer
	After  string        // Retry-After
}

// Server is the stand-in.
type Server struct {
	*httptest.Server
	Now func() time.Time // against which times are held; nil: they are not

	mu      sync.Mutex
	key     *rsa.PrivateKey
	faults  map[string][]Fault
	tokens  map[string]string // bearer -> scope
	rows    map[string][]ga.Row
	seen    map[string]int
	batches []Batch
	erased  []string
	browser []string // what browsers sent by the script
	wrong   []string
}

// Batch is what came by the Measurement Protocol.
type Batch struct {
	Client string
	Names  []string
	Params []map[string]any
}

// New starts one; Close ends it.
func New() *Server {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err) // never for this size
	}
	s := &Server{key: key, faults: map[string][]Fault{}, tokens: map[string]string{}, rows: map[string][]ga.Row{}, seen: map[string]int{}}
	mux := http.NewServeMux()
	for pattern, x := range map[string]struct {
		name   string
		handle func(w io.Writer, r *http.Request, body []byte) int
	}{
		"POST /mp/collect": {Collect, s.collect}, "POST /token": {Token, s.token}, "POST /v1beta/properties/{call}": {Report, s.report},
		"POST /analytics/v3/userDeletion/userDeletionRequests:upsert": {Deletion, s.deletion},
		"GET /gtag/js": {Script, s.script}, "GET /g/collect": {Script, s.fromBrowser},
	} {
		mux.HandleFunc(pattern, s.serve(x.name, x.handle))
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		s.complain("%s %s is no interface", r.Method, r.URL.Path)
		http.NotFound(w, r)
	})
	s.Server = httptest.NewServer(mux)
	return s
}

// Key is the key of the service account that the stand-in knows, as Google gives it out.
func (s *Server) Key() []byte { return keyFile(s.key) }

// StrangeKey is a key that it does not know.
func StrangeKey() []byte {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err) // never for this size
	}
	return keyFile(key)
}

func keyFile(key *rsa.PrivateKey) []byte {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		panic(err) // an RSA key can be written
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
	out, err := json.Marshal(map[string]string{"type": "service_account", "client_email": Email, "private_key_id": keyID, "private_key": string(text), "token_uri": "https://oauth2.googleapis.com/token"})
	if err != nil {
		panic(err) // texts can be written
	}
	return out
}

// Property is the one that it knows.
func (s *Server) Property() ga.Property {
	return ga.Property{Measurement: Measurement, Secret: Secret, Number: Number, Key: s.Key()}
}

// Fail has the next requests of an interface go wrong, one after the other.
func (s *Server) Fail(name string, faults ...Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults[name] = append(s.faults[name], faults...)
}

// Recover takes the faults away that have not happened yet.
func (s *Server) Recover() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.faults)
}

// Forget has it know none of the tokens that it gave out.
func (s *Server) Forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.tokens)
}

// Reports are the rows of a dimension that it answers with.
func (s *Server) Reports(dimension string, rows ...ga.Row) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rows[dimension] = rows
}

// Batches are those that it took.
func (s *Server) Batches() []Batch { s.mu.Lock(); defer s.mu.Unlock(); return slices.Clone(s.batches) }

// Events is how many it took.
func (s *Server) Events() (n int) {
	for _, b := range s.Batches() {
		n += len(b.Names)
	}
	return n
}

// Erased are the clients whose deletion it took.
func (s *Server) Erased() []string { s.mu.Lock(); defer s.mu.Unlock(); return slices.Clone(s.erased) }

// Browser is what browsers sent to it, by the script.
func (s *Server) Browser() []string { s.mu.Lock(); defer s.mu.Unlock(); return slices.Clone(s.browser) }

// Requests is how many came for an interface; of all of them for "".
func (s *Server) Requests(name string) (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for k, m := range s.seen {
		if name == "" || k == name {
			n += m
		}
	}
	return n
}

// Wrong is what was sent that may not be.
func (s *Server) Wrong() []string { s.mu.Lock(); defer s.mu.Unlock(); return slices.Clone(s.wrong) }

func (s *Server) complain(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.wrong = append(s.wrong, fmt.Sprintf(format, args...))
}

const maxBody = 1 << 20

// serve counts a request, has it go wrong if it is to, and answers it.
func (s *Server) serve(name string, handle func(w io.Writer, r *http.Request, body []byte) int) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
		if err != nil {
			s.complain("%s: the body cannot be read: %v", name, err)
		}
		f := s.fault(name)
		if f.Delay > 0 {
			select {
			case <-time.After(f.Delay):
			case <-r.Context().Done():
				return
			}
		}
		if f.Drop {
			panic(http.ErrAbortHandler)
		}
		if f.After != "" {
			w.Header().Set("Retry-After", f.After)
		}
		if f.Status != 0 {
			w.WriteHeader(f.Status)
			return
		}
		var out strings.Builder
		status := handle(&out, r, body)
		answer := out.String()
		w.Header().Set("Content-Type", map[bool]string{true: "text/javascript", false: "application/json"}[name == Script])
		if f.Half {
			w.Header().Set("Content-Length", fmt.Sprint(len(answer)+1))
			w.WriteHeader(status)
			_, _ = io.WriteString(w, answer[:len(answer)/2])
			_ = http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, answer)
	}
}

func (s *Server) fault(name string) (f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seen[name]++
	if list := s.faults[name]; len(list) > 0 {
		f, s.faults[name] = list[0], list[1:]
	}
	return f
}

func random() string {
	var b [12]byte
	rand.Read(b[:]) // never fails since Go 1.24
	return hex.EncodeToString(b[:])
}
