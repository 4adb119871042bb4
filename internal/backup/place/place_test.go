package place

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/pem"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pkg/sftp"
	"golang.org/x/crypto/ssh"

	"prasan/internal/errs"
)

var ctx = context.Background()

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

var loopback = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}

// sftpServer is a real SFTP server on a folder of this machine.
func sftpServer(t *testing.T) (address, hostKey string, client string) {
	t.Helper()
	key := func() (ssh.Signer, string) {
		_, private, err := ed25519.GenerateKey(rand.Reader)
		must(t, err)
		block, err := ssh.MarshalPrivateKey(private, "")
		must(t, err)
		path := filepath.Join(t.TempDir(), "key")
		must(t, os.WriteFile(path, pem.EncodeToMemory(block), 0o600))
		s, err := ssh.NewSignerFromKey(private)
		must(t, err)
		return s, path
	}
	host, _ := key()
	user, path := key()
	config := &ssh.ServerConfig{PublicKeyCallback: func(_ ssh.ConnMetadata, k ssh.PublicKey) (*ssh.Permissions, error) {
		if !bytes.Equal(k.Marshal(), user.PublicKey().Marshal()) {
			return nil, errors.New("unknown key")
		}
		return nil, nil
	}}
	config.AddHostKey(host)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go serveSFTP(c, config)
		}
	}()
	return l.Addr().String(), string(ssh.MarshalAuthorizedKey(host.PublicKey())), path
}

func serveSFTP(c net.Conn, config *ssh.ServerConfig) {
	defer c.Close()
	_, channels, requests, err := ssh.NewServerConn(c, config)
	if err != nil {
		return
	}
	go ssh.DiscardRequests(requests)
	for n := range channels {
		channel, requests, err := n.Accept()
		if err != nil {
			return
		}
		go func() {
			for r := range requests {
				_ = r.Reply(r.Type == "subsystem", nil)
			}
		}()
		s, err := sftp.NewServer(channel)
		if err != nil {
			return
		}
		go func() { _ = s.Serve(); channel.Close() }()
	}
}

// s3Server keeps objects in memory, and takes a request only when its signature is right:
// it works it out anew from what came over the wire.
type s3Server struct {
	sync.Mutex
	objects map[string][]byte
	uploads map[string]map[int][]byte
	refused int
	begun   int
}

const s3Key, s3Secret, s3Region = "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "eu-test-1"

func (s *s3Server) authentic(r *http.Request, body []byte) bool {
	sum := sha256.Sum256(body)
	if r.Header.Get("X-Amz-Content-Sha256") != hex.EncodeToString(sum[:]) {
		return false
	}
	at, err := time.Parse("20060102T150405Z", r.Header.Get("X-Amz-Date"))
	if err != nil || time.Since(at).Abs() > time.Minute {
		return false
	}
	again := r.Clone(ctx)
	again.URL.Host = r.Host
	got := r.Header.Get("Authorization")
	again.Header.Del("Authorization")
	signer{s3Key, s3Secret, s3Region}.sign(again, hex.EncodeToString(sum[:]), at)
	return got == again.Header.Get("Authorization")
}

func (s *s3Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.Lock()
	defer s.Unlock()
	body, _ := io.ReadAll(r.Body)
	if !s.authentic(r, body) {
		s.refused++
		http.Error(w, "<Error><Code>SignatureDoesNotMatch</Code></Error>", http.StatusForbidden)
		return
	}
	key := strings.TrimPrefix(r.URL.Path, "/copies/")
	q := r.URL.Query()
	if _, there := s.objects[key]; there && r.Header.Get("If-None-Match") == "*" {
		http.Error(w, "<Error><Code>PreconditionFailed</Code></Error>", http.StatusPreconditionFailed)
		return
	}
	switch {
	case r.Method == "POST" && q.Has("uploads"):
		s.begun++
		id := fmt.Sprint("u", s.begun)
		s.uploads[id] = map[int][]byte{}
		fmt.Fprintf(w, `<InitiateMultipartUploadResult><UploadId>%s</UploadId></InitiateMultipartUploadResult>`, id)
	case r.Method == "PUT" && q.Has("uploadId"):
		n, _ := strconv.Atoi(q.Get("partNumber"))
		s.uploads[q.Get("uploadId")][n] = body
		w.Header().Set("ETag", fmt.Sprintf(`"part%d"`, n))
	case r.Method == "POST":
		var in struct {
			Part []struct {
				PartNumber int
				ETag       string
			}
		}
		if err := xml.Unmarshal(body, &in); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		var whole []byte
		for _, p := range in.Part {
			whole = append(whole, s.uploads[q.Get("uploadId")][p.PartNumber]...)
		}
		s.objects[key] = whole
		delete(s.uploads, q.Get("uploadId"))
		fmt.Fprint(w, `<CompleteMultipartUploadResult><ETag>"x"</ETag></CompleteMultipartUploadResult>`)
	case r.Method == "PUT":
		s.objects[key] = body
	case r.Method == "DELETE":
		if q.Has("uploadId") {
			delete(s.uploads, q.Get("uploadId"))
		} else {
			delete(s.objects, key)
		}
		w.WriteHeader(http.StatusNoContent)
	case q.Get("list-type") == "2":
		s.list(w, q.Get("prefix"), q.Get("continuation-token"))
	default:
		text, ok := s.objects[key]
		if !ok {
			http.Error(w, "<Error><Code>NoSuchKey</Code></Error>", http.StatusNotFound)
			return
		}
		w.Header().Set("ETag", `"x"`)
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(text))
	}
}

// list gives two keys a page.
func (s *s3Server) list(w http.ResponseWriter, prefix, after string) {
	var keys []string
	for k := range s.objects {
		if strings.HasPrefix(k, prefix) && k > after {
			keys = append(keys, k)
		}
	}
	slices.Sort(keys)
	more := len(keys) > 2
	fmt.Fprint(w, "<ListBucketResult>")
	for _, k := range keys[:min(2, len(keys))] {
		fmt.Fprintf(w, "<Contents><Key>%s</Key><Size>%d</Size></Contents>", k, len(s.objects[k]))
	}
	fmt.Fprintf(w, "<IsTruncated>%v</IsTruncated>", more)
	if more {
		fmt.Fprintf(w, "<NextContinuationToken>%s</NextContinuationToken>", keys[1])
	}
	fmt.Fprint(w, "</ListBucketResult>")
}

// places are one of each kind.
func places(t *testing.T) map[string]Place {
	t.Helper()
	addr, host, key := sftpServer(t)
	server := httptest.NewServer(&s3Server{objects: map[string][]byte{}, uploads: map[string]map[int][]byte{}})
	t.Cleanup(server.Close)
	out := map[string]Place{}
	for name, x := range map[string]struct {
		address string
		o       Options
	}{
		"folder": {t.TempDir(), Options{}},
		"sftp":   {"sftp://backup@" + addr + t.TempDir(), Options{SFTPKeyFile: key, SFTPHostKey: host, Networks: loopback}},
		"s3":     {"s3+http://" + server.Listener.Addr().String() + "/copies/ministry", Options{S3Key: s3Key, S3Secret: s3Secret, S3Region: s3Region, Networks: loopback}},
	} {
		p, err := Open(x.address, x.o)
		must(t, err)
		t.Cleanup(func() { p.Close() })
		out[name] = p
	}
	return out
}

func put(p Place, name string, text []byte) error {
	return p.Put(ctx, name, func(w io.Writer) error { _, err := w.Write(text); return err })
}

func TestAPlaceKeepsWhatIsPutThereWholeOrNotAtAll(t *testing.T) {
	for kind, p := range places(t) {
		t.Run(kind, func(t *testing.T) {
			big := make([]byte, 2*chunk+12345)
			_, _ = rand.Read(big)
			files := map[string][]byte{"a.prasan": []byte("small"), "b.prasan": big, "c.inc": {}, "d.inc": []byte("x")}
			for name, text := range files {
				must(t, put(p, name, text))
			}
			broken := errors.New("broken")
			for _, n := range []int{10, 2*chunk + 1} {
				err := p.Put(ctx, "never", func(w io.Writer) error {
					_, _ = w.Write(big[:n])
					return broken
				})
				if !errors.Is(err, broken) {
					t.Errorf("a copy that broke off: %v", err)
				}
			}
			items, err := p.List(ctx)
			must(t, err)
			var names []string
			for _, i := range items {
				names = append(names, i.Name)
				if int(i.Size) != len(files[i.Name]) {
					t.Errorf("%s: %d bytes, not %d", i.Name, i.Size, len(files[i.Name]))
				}
			}
			if !slices.Equal(names, []string{"a.prasan", "b.prasan", "c.inc", "d.inc"}) {
				t.Errorf("%v", names)
			}
			for name, want := range files {
				r, err := p.Get(ctx, name)
				if err != nil {
					if len(want) == 0 { // a range of nothing is no range
						continue
					}
					t.Fatal(err)
				}
				got, err := io.ReadAll(r)
				must(t, err)
				r.Close()
				if !bytes.Equal(got, want) {
					t.Errorf("%s comes back as something else", name)
				}
			}
			must(t, put(p, "a.prasan", []byte("another")))
			must(t, p.Delete(ctx, "d.inc"))
			must(t, p.Delete(ctx, "d.inc"))
			if _, err := p.Get(ctx, "d.inc"); errs.KindOf(err) != errs.NotFound {
				t.Errorf("deleted: %v", err)
			}
		})
	}
}

func TestOfTwoThatTakeANameAtOnceOneGetsIt(t *testing.T) {
	for kind, p := range places(t) {
		t.Run(kind, func(t *testing.T) {
			big := make([]byte, chunk+1) // more than one request
			for _, size := range []int{1, len(big)} {
				name := fmt.Sprint("new-", size)
				both := make(chan struct{})
				var arrived sync.WaitGroup
				arrived.Add(2)
				go func() { arrived.Wait(); close(both) }()
				took := make(chan error, 2)
				for who := range 2 {
					go func() {
						took <- p.PutNew(ctx, name, func(w io.Writer) error {
							arrived.Done()
							<-both
							_, err := w.Write(append([]byte{byte('0' + who)}, big[:size]...))
							return err
						})
					}()
				}
				refused := 0
				for range 2 {
					if err := <-took; errs.As(err).Key == "error.backup-exists" {
						refused++
					} else {
						must(t, err)
					}
				}
				if refused != 1 {
					t.Errorf("%d of two were refused", refused)
				}
				if err := p.PutNew(ctx, name, func(io.Writer) error { return nil }); errs.As(err).Key != "error.backup-exists" {
					t.Errorf("a name that is taken: %v", err)
				}
			}
			items, err := p.List(ctx)
			if must(t, err); len(items) != 2 {
				t.Errorf("%v", items)
			}
		})
	}
}

func TestWhatWasLeftHalfIsRemoved(t *testing.T) {
	for kind, p := range places(t) {
		dir := p.String()
		if remote, ok := p.(*sftpPlace); ok {
			dir = remote.dir
		} else if kind == "s3" {
			continue // nothing lies there before it is whole
		}
		t.Run(kind, func(t *testing.T) {
			for name, age := range map[string]time.Duration{"a.prasan.X.part": 2 * partLife, "b.prasan.part": 2 * partLife, "c.prasan.X.part": time.Hour, "d.prasan": 2 * partLife} {
				path := filepath.Join(dir, name)
				must(t, os.WriteFile(path, nil, 0o600))
				must(t, os.Chtimes(path, time.Time{}, time.Now().Add(-age)))
			}
			must(t, Sweep(ctx, p))
			left, err := filepath.Glob(filepath.Join(dir, "*"))
			must(t, err)
			if len(left) != 2 || filepath.Base(left[0]) != "c.prasan.X.part" || filepath.Base(left[1]) != "d.prasan" {
				t.Errorf("left: %v", left)
			}
			if remote, ok := p.(*sftpPlace); ok { // the connection breaks in the middle
				must(t, os.Remove(left[0]))
				err := p.Put(ctx, "e.prasan", func(io.Writer) error {
					remote.conn.Close()
					return io.ErrUnexpectedEOF
				})
				if err == nil {
					t.Fatal("it did not break")
				}
				must(t, put(p, "f.prasan", nil))
				if left, err := filepath.Glob(filepath.Join(dir, "*"+partial)); err != nil || len(left) > 0 {
					t.Errorf("left: %v, %v", left, err)
				}
			}
		})
	}
}

// A whole copy takes long, and increments go to the same place meanwhile.
func TestWhatIsPutSlowlyHoldsUpNobody(t *testing.T) {
	for kind, p := range places(t) {
		t.Run(kind, func(t *testing.T) {
			must(t, p.Put(ctx, "slow", func(w io.Writer) error {
				if _, err := io.WriteString(w, "half"); err != nil {
					return err
				}
				done := make(chan error, 1)
				go func() { done <- put(p, "quick", []byte("x")) }()
				select {
				case err := <-done:
					return err
				case <-time.After(10 * time.Second):
					return errors.New("held up")
				}
			}))
			items, err := p.List(ctx)
			if must(t, err); len(items) != 2 {
				t.Errorf("%v", items)
			}
		})
	}
}

func TestAnotherServerIsNotSpokenTo(t *testing.T) {
	addr, _, key := sftpServer(t)
	_, other, _ := sftpServer(t)
	p, err := Open("sftp://backup@"+addr+"/tmp", Options{SFTPKeyFile: key, SFTPHostKey: other, Networks: loopback})
	must(t, err)
	if err := put(p, "x", []byte("secret")); err == nil || errs.As(err).Key != "error.backup-sftp-refused" {
		t.Errorf("a server with another key: %v", err)
	}
	if _, err := Open("sftp://backup@"+addr+"/tmp", Options{SFTPKeyFile: key}); err == nil {
		t.Error("a server whose key is not known is spoken to")
	}
	p, err = Open("sftp://backup@"+addr+"/tmp", Options{SFTPKeyFile: key, SFTPHostKey: other})
	must(t, err)
	if err := put(p, "x", nil); errs.KindOf(err) != errs.Forbidden {
		t.Errorf("a private address that nobody allowed: %v", err)
	}
}

func TestAWrongSecretIsRefused(t *testing.T) {
	s := &s3Server{objects: map[string][]byte{}, uploads: map[string]map[int][]byte{}}
	server := httptest.NewServer(s)
	defer server.Close()
	p, err := Open("s3+http://"+server.Listener.Addr().String()+"/copies", Options{S3Key: s3Key, S3Secret: "another", S3Region: s3Region, Networks: loopback})
	must(t, err)
	if err := put(p, "x", []byte("y")); err == nil || errs.As(err).Key != "error.backup-s3-refused" || s.refused != 1 {
		t.Errorf("%v", err)
	}
}

// The example is that of Amazon's documentation of the signature ("GET Object").
func TestTheSignatureIsThatOfAmazonsExample(t *testing.T) {
	r, err := http.NewRequest("GET", "https://examplebucket.s3.amazonaws.com/test.txt", nil)
	must(t, err)
	r.Header.Set("Range", "bytes=0-9")
	at := time.Date(2013, 5, 24, 0, 0, 0, 0, time.UTC)
	signer{"AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "us-east-1"}.sign(r, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", at)
	const want = "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"
	if got := r.Header.Get("Authorization"); !strings.HasSuffix(got, "Signature="+want) {
		t.Error(got)
	}
}
