package load

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/url"
	"sort"
	"strconv"
	"strings"
	"sync"
	"time"

	"prasan/internal/webtest"
)

// Host is the site that is loaded.
const Host = "rayong.industry.localhost"

// Form is the sender's step, ready to be posted again and again: each post gives a
// check page with a nonce of its own, and that page's post is a new message.
type Form struct {
	senderPath string
	values     url.Values
}

// Prepare walks the form by hand up to the sender's step.
func Prepare(addr string) (*Form, error) {
	c := webtest.New(addr)
	_, port, _ := net.SplitHostPort(addr)
	page, err := c.Get("http://" + Host + ":" + port + "/th/contact")
	if err != nil {
		return nil, err
	}
	for _, step := range []map[string]string{{"topic": "problem"}, {"message": "มีกลิ่นเหม็นจากโรงงานในช่วงกลางคืน ขอให้ตรวจสอบด้วย"}} {
		var f *webtest.Form
		for name := range step {
			if f = page.Form(name); f == nil {
				return nil, fmt.Errorf("no field %s at %s (status %d)", name, page.URL, page.Status)
			}
		}
		for name, value := range step {
			f.Set(name, value)
		}
		if page, err = f.Submit(); err != nil {
			return nil, err
		}
	}
	f := page.Form("given_name")
	if f == nil {
		return nil, fmt.Errorf("no sender's step at %s (status %d)", page.URL, page.Status)
	}
	target, err := page.URL.Parse(f.Action)
	if err != nil {
		return nil, err
	}
	return &Form{senderPath: target.Path, values: f.Values}, nil
}

// body is the sender's step for the n-th person.
func (f *Form) body(n int) string {
	v := url.Values{}
	for k, x := range f.values {
		v[k] = x
	}
	v.Set("given_name", "ทดสอบ")
	v.Set("family_name", "สมมติ"+lettered(n))
	v.Set("phone", fmt.Sprintf("08%08d", n%100000000))
	v.Set("email", fmt.Sprintf("load%d@example.com", n))
	return v.Encode()
}

// lettered writes a number in consonants: names have no digits.
func lettered(n int) string {
	letters := []rune("กขคงจชดตนม")
	return strings.Map(func(r rune) rune { return letters[r-'0'] }, strconv.Itoa(n))
}

// Conn is one persistent connection of the load, without the cost of net/http.
type Conn struct {
	conn net.Conn
	r    *bufio.Reader
	host string
}

// Dial opens a connection.
func Dial(addr string) (*Conn, error) {
	c, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	_, port, _ := net.SplitHostPort(addr)
	return &Conn{c, bufio.NewReaderSize(c, 64<<10), Host + ":" + port}, nil
}

// Close closes it.
func (c *Conn) Close() { c.conn.Close() }

// Post sends a form and returns status, Location and body.
func (c *Conn) Post(path, body string) (status int, location, text string, err error) {
	_ = c.conn.SetDeadline(time.Now().Add(20 * time.Second))
	_, err = io.WriteString(c.conn, "POST "+path+" HTTP/1.1\r\nHost: "+c.host+"\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: "+strconv.Itoa(len(body))+"\r\n\r\n"+body)
	if err != nil {
		return 0, "", "", err
	}
	return c.read()
}

func (c *Conn) read() (status int, location, text string, err error) {
	line, err := c.r.ReadString('\n')
	if err != nil {
		return 0, "", "", err
	}
	if len(line) < 12 {
		return 0, "", "", fmt.Errorf("answer %q", line)
	}
	status, _ = strconv.Atoi(line[9:12])
	length := -1
	for {
		if line, err = c.r.ReadString('\n'); err != nil {
			return 0, "", "", err
		}
		line = strings.TrimRight(line, "\r\n")
		if line == "" {
			break
		}
		name, value, _ := strings.Cut(line, ": ")
		switch strings.ToLower(name) {
		case "content-length":
			length, _ = strconv.Atoi(value)
		case "location":
			location = value
		}
	}
	if length < 0 {
		text, err = c.chunks()
		return status, location, text, err
	}
	b := make([]byte, length)
	_, err = io.ReadFull(c.r, b)
	return status, location, string(b), err
}

func (c *Conn) chunks() (string, error) {
	var out strings.Builder
	for {
		line, err := c.r.ReadString('\n')
		if err != nil {
			return "", err
		}
		n, err := strconv.ParseInt(strings.TrimSpace(line), 16, 64)
		if err != nil {
			return "", err
		}
		if _, err := io.CopyN(&out, c.r, n); err != nil {
			return "", err
		}
		if _, err := c.r.ReadString('\n'); err != nil {
			return "", err
		}
		if n == 0 {
			return out.String(), nil
		}
	}
}

// Submit sends the n-th message: the last page and its post. It returns the receipt's
// address, which is the acknowledgement.
func (f *Form) Submit(c *Conn, n int) (receipt string, err error) {
	status, _, page, err := c.Post(f.senderPath, f.body(n))
	if err != nil {
		return "", err
	}
	if status != 200 {
		return "", fmt.Errorf("the sender's step gave %d", status)
	}
	path, values, err := lastForm(page)
	if err != nil {
		return "", err
	}
	status, location, _, err := c.Post(path, values)
	if err != nil {
		return "", err
	}
	if status != 303 {
		return "", fmt.Errorf("the last post gave %d", status)
	}
	return location, nil
}

// lastForm cuts the check page's form out of its text: parsing the page would cost the
// load generator more than the answer costs the program.
func lastForm(page string) (path, body string, err error) {
	i := strings.Index(page, `<form id="send"`)
	if i < 0 {
		return "", "", fmt.Errorf("the check page has no form with id=send")
	}
	form := page[i:]
	form = form[:strings.Index(form, "</form>")]
	action := attr(form, `action="`)
	v := make([]string, 0, 4)
	for rest := form; ; {
		j := strings.Index(rest, "<input")
		if j < 0 {
			break
		}
		rest = rest[j+6:]
		tag := rest[:strings.IndexByte(rest, '>')]
		v = append(v, url.QueryEscape(attr(tag, `name="`))+"="+url.QueryEscape(attr(tag, `value="`)))
	}
	return action, strings.Join(v, "&"), nil
}

func attr(tag, start string) string {
	i := strings.Index(tag, start)
	if i < 0 {
		return ""
	}
	s := tag[i+len(start):]
	return strings.NewReplacer("&#43;", "+", "&amp;", "&", "&#34;", `"`).Replace(s[:strings.IndexByte(s, '"')])
}

// Result is what a load gave.
type Result struct {
	N         int
	Failed    int
	Elapsed   time.Duration
	Latencies []time.Duration
	FirstErr  error
}

// Quantile returns the latency that the share q of submissions did not exceed.
func (r *Result) Quantile(q float64) time.Duration {
	if len(r.Latencies) == 0 {
		return 0
	}
	sort.Slice(r.Latencies, func(i, j int) bool { return r.Latencies[i] < r.Latencies[j] })
	return r.Latencies[min(int(q*float64(len(r.Latencies))), len(r.Latencies)-1)]
}

// Run loads the server over conns connections for d, each submitting one message after
// another. first keeps people of different runs apart.
func Run(addr string, f *Form, conns int, d time.Duration, first int) Result {
	var mu sync.Mutex
	var wg sync.WaitGroup
	total := Result{}
	began := time.Now()
	for i := range conns {
		wg.Go(func() {
			r := f.one(addr, began.Add(d), first+i, conns)
			mu.Lock()
			defer mu.Unlock()
			total.N += r.N
			total.Failed += r.Failed
			total.Latencies = append(total.Latencies, r.Latencies...)
			if total.FirstErr == nil {
				total.FirstErr = r.FirstErr
			}
		})
	}
	wg.Wait()
	total.Elapsed = time.Since(began)
	return total
}

func (f *Form) one(addr string, until time.Time, n, step int) (r Result) {
	c, err := Dial(addr)
	if err != nil {
		return Result{Failed: 1, FirstErr: err}
	}
	defer c.Close()
	for time.Now().Before(until) {
		began := time.Now()
		if _, err := f.Submit(c, n); err != nil {
			r.Failed++
			r.FirstErr = err
			return r
		}
		r.Latencies = append(r.Latencies, time.Since(began))
		r.N++
		n += step
	}
	return r
}
