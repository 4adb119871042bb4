package place

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"prasan/internal/egress"
	"prasan/internal/errs"
)

// chunk is how much is sent or fetched in one request.
const chunk = 8 << 20

// s3 is a bucket, or a part of one, of a store that speaks Amazon's S3. It is addressed
// by path, which all of them understand.
type s3 struct {
	base   *url.URL // scheme and host
	bucket string
	prefix string
	sign   signer
	way    *egress.Client
}

func openS3(u *url.URL, o Options) (Place, error) {
	bucket, prefix, _ := strings.Cut(strings.Trim(u.Path, "/"), "/")
	if bucket == "" || o.S3Key == "" || o.S3Secret == "" {
		return nil, errs.New(errs.Invalid, "error.backup-s3")
	}
	p := &s3{base: &url.URL{Scheme: "https", Host: u.Host}, bucket: bucket, sign: signer{key: o.S3Key, secret: o.S3Secret, region: cmp.Or(o.S3Region, "us-east-1")}}
	port := cmp.Or(u.Port(), "443")
	if u.Scheme == "s3+http" {
		p.base.Scheme, port = "http", cmp.Or(u.Port(), "80")
	}
	if prefix != "" {
		p.prefix = prefix + "/"
	}
	var err error
	p.way, err = egress.New(egress.Config{Allow: []string{net.JoinHostPort(u.Hostname(), port)}, Networks: o.Networks, MaxBody: chunk + 1<<20, Total: 2 * time.Minute})
	return p, err
}

func (p *s3) String() string { return "s3://" + p.base.Host + "/" + p.bucket + "/" + p.prefix }
func (p *s3) Close() error   { return nil }

// do sends one signed request; an answer other than 2xx is an error.
func (p *s3) do(ctx context.Context, method, key string, query url.Values, header http.Header, body []byte) (*http.Response, error) {
	u := *p.base
	u.Path = "/" + p.bucket + "/" + key
	u.RawPath = escapePath(u.Path)
	u.RawQuery = canonicalQuery(query)
	r, err := http.NewRequestWithContext(ctx, method, u.String(), bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	for name, values := range header {
		r.Header[name] = values
	}
	sum := sha256.Sum256(body)
	p.sign.sign(r, hex.EncodeToString(sum[:]), time.Now())
	res, err := p.way.HTTPClient().Do(r)
	if err != nil {
		return nil, failed(err, p.String())
	}
	if res.StatusCode/100 == 2 {
		return res, nil
	}
	defer res.Body.Close()
	said, _ := io.ReadAll(io.LimitReader(res.Body, 2<<10))
	err = fmt.Errorf("%s %s: %s: %s", method, key, res.Status, said)
	if res.StatusCode == http.StatusPreconditionFailed && header.Get("If-None-Match") != "" {
		return nil, exists(p.String() + strings.TrimPrefix(key, p.prefix))
	}
	if res.StatusCode == http.StatusNotFound {
		return nil, errs.Wrap(err, errs.NotFound, "error.backup-missing", "path", p.String()+strings.TrimPrefix(key, p.prefix))
	}
	return nil, errs.Wrap(err, errs.Unavailable, "error.backup-s3-refused", "place", p.String(), "status", res.StatusCode)
}

// call is do where the answer's body is XML, or nothing.
func (p *s3) call(ctx context.Context, method, key string, query url.Values, body []byte, into any) (http.Header, error) {
	return p.callWith(ctx, method, key, query, nil, body, into)
}

func (p *s3) callWith(ctx context.Context, method, key string, query url.Values, header http.Header, body []byte, into any) (http.Header, error) {
	res, err := p.do(ctx, method, key, query, header, body)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	if into == nil {
		_, err = io.Copy(io.Discard, res.Body)
	} else {
		err = xml.NewDecoder(res.Body).Decode(into)
	}
	return res.Header, failed(err, p.String())
}

// Put sends what fits into one request in one, and the rest as a multipart upload, of
// which nothing is seen before it is complete.
func (p *s3) Put(ctx context.Context, name string, write func(io.Writer) error) error {
	return p.put(ctx, name, nil, write)
}

// PutNew looks first, and asks the store to look at the end: one that does not know the
// condition takes no notice of it.
func (p *s3) PutNew(ctx context.Context, name string, write func(io.Writer) error) error {
	r, err := p.Get(ctx, name)
	if err == nil {
		return errors.Join(exists(p.String()+name), r.Close())
	}
	if errs.KindOf(err) != errs.NotFound {
		return err
	}
	return p.put(ctx, name, http.Header{"If-None-Match": {"*"}}, write)
}

func (p *s3) put(ctx context.Context, name string, condition http.Header, write func(io.Writer) error) error {
	u := &upload{s3: p, ctx: ctx, key: p.prefix + name, condition: condition}
	err := write(u)
	if err == nil {
		err = u.finish()
	}
	if err != nil && u.id != "" {
		_, _ = p.call(context.WithoutCancel(ctx), http.MethodDelete, u.key, url.Values{"uploadId": {u.id}}, nil, nil) // what is left of it is seen by nobody
	}
	return failed(err, p.String())
}

type upload struct {
	*s3
	ctx    context.Context
	key    string
	id     string
	buffer []byte
	done   []uploadedPart

	condition http.Header // of what makes the object
}

type uploadedPart struct {
	XMLName xml.Name `xml:"Part"`
	Number  int      `xml:"PartNumber"`
	ETag    string   `xml:"ETag"`
}

func (u *upload) Write(b []byte) (int, error) {
	n := len(b)
	for len(b) > 0 {
		if len(u.buffer) == chunk {
			if err := u.part(); err != nil {
				return 0, err
			}
		}
		take := min(chunk-len(u.buffer), len(b))
		u.buffer, b = append(u.buffer, b[:take]...), b[take:]
	}
	return n, nil
}

func (u *upload) part() error {
	if u.id == "" {
		var begun struct {
			UploadID string `xml:"UploadId"`
		}
		if _, err := u.call(u.ctx, http.MethodPost, u.key, url.Values{"uploads": {""}}, nil, &begun); err != nil {
			return err
		}
		u.id = begun.UploadID
	}
	n := len(u.done) + 1
	head, err := u.call(u.ctx, http.MethodPut, u.key, url.Values{"partNumber": {strconv.Itoa(n)}, "uploadId": {u.id}}, u.buffer, nil)
	if err != nil {
		return err
	}
	u.done, u.buffer = append(u.done, uploadedPart{Number: n, ETag: head.Get("ETag")}), u.buffer[:0]
	return nil
}

func (u *upload) finish() error {
	if u.id == "" {
		_, err := u.callWith(u.ctx, http.MethodPut, u.key, nil, u.condition, u.buffer, nil)
		return err
	}
	if err := u.part(); err != nil {
		return err
	}
	body, err := xml.Marshal(struct {
		XMLName xml.Name `xml:"CompleteMultipartUpload"`
		Parts   []uploadedPart
	}{Parts: u.done})
	if err != nil {
		return err
	}
	// The answer may be an error although its status is 200.
	var answer struct{ XMLName xml.Name }
	if _, err := u.callWith(u.ctx, http.MethodPost, u.key, url.Values{"uploadId": {u.id}}, u.condition, body, &answer); err != nil {
		return err
	}
	if answer.XMLName.Local != "CompleteMultipartUploadResult" {
		return errs.New(errs.Unavailable, "error.backup-s3-refused", "place", u.String(), "status", 200)
	}
	return nil
}

// Get fetches piece by piece: an exchange is never longer than what egress allows.
func (p *s3) Get(ctx context.Context, name string) (io.ReadCloser, error) {
	g := &download{s3: p, ctx: ctx, key: p.prefix + name}
	return g, g.fetch()
}

type download struct {
	*s3
	ctx    context.Context
	key    string
	etag   string
	at     int64
	size   int64
	buffer []byte
}

func (g *download) fetch() error {
	head := http.Header{"Range": {fmt.Sprintf("bytes=%d-%d", g.at, g.at+chunk-1)}}
	if g.etag != "" {
		head.Set("If-Match", g.etag)
	}
	res, err := g.do(g.ctx, http.MethodGet, g.key, nil, head, nil)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	g.etag, g.size = res.Header.Get("ETag"), res.ContentLength
	if _, total, ok := strings.Cut(res.Header.Get("Content-Range"), "/"); ok {
		if g.size, err = strconv.ParseInt(total, 10, 64); err != nil {
			return failed(err, g.String())
		}
	}
	g.buffer, err = io.ReadAll(res.Body)
	g.at += int64(len(g.buffer))
	return failed(err, g.String())
}

func (g *download) Read(b []byte) (int, error) {
	if len(g.buffer) == 0 {
		if g.at >= g.size {
			return 0, io.EOF
		}
		if err := g.fetch(); err != nil {
			return 0, err
		}
		if len(g.buffer) == 0 {
			return 0, io.ErrUnexpectedEOF
		}
	}
	n := copy(b, g.buffer)
	g.buffer = g.buffer[n:]
	return n, nil
}

func (g *download) Close() error { return nil }

func (p *s3) List(ctx context.Context) ([]Item, error) {
	var out []Item
	query := url.Values{"list-type": {"2"}, "prefix": {p.prefix}}
	for {
		var page struct {
			Contents []struct {
				Key  string
				Size int64
			}
			IsTruncated           bool
			NextContinuationToken string
		}
		if _, err := p.call(ctx, http.MethodGet, "", query, nil, &page); err != nil {
			return nil, err
		}
		for _, c := range page.Contents {
			if name := strings.TrimPrefix(c.Key, p.prefix); listed(name) {
				out = append(out, Item{name, c.Size})
			}
		}
		if !page.IsTruncated {
			slices.SortFunc(out, func(a, b Item) int { return cmp.Compare(a.Name, b.Name) })
			return out, nil
		}
		query.Set("continuation-token", page.NextContinuationToken)
	}
}

func (p *s3) Delete(ctx context.Context, name string) error {
	_, err := p.call(ctx, http.MethodDelete, p.prefix+name, nil, nil, nil)
	if errs.KindOf(err) == errs.NotFound {
		return nil
	}
	return err
}
