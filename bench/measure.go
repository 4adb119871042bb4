package main

import (
	"compress/gzip"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"regexp"
	"sync"
	"time"

	"prasan/bench/load"
)

// measure makes one run on new data: of an installation that serves, whose post stays
// queued, and of the demo, which hands it over to a mail server in the same process.
func measure(o options) ([]Figure, error) {
	s, end, err := begin(o, "serve")
	if err != nil {
		return nil, err
	}
	defer end()
	out := []Figure{below("start to ready", float64(s.Started.Milliseconds()), "ms", 300)}
	for _, step := range []func(*load.Server, options) ([]Figure, error){idle, weight, submitting, size} {
		more, err := step(s, o)
		if err != nil {
			return nil, s.Explain(err)
		}
		out = append(out, more...)
	}
	end()
	d, endDemo, err := begin(o, "demo", "--empty")
	if err != nil {
		return nil, err
	}
	defer endDemo()
	more, err := posting(d, o)
	return append(out, more...), d.Explain(err)
}

// begin makes a new installation and starts it a second time, as it starts every day.
func begin(o options, command ...string) (s *load.Server, end func(), err error) {
	dir, err := os.MkdirTemp("", "prasan-bench")
	if err != nil {
		return nil, nil, err
	}
	database, drop, err := newDatabase(o.database)
	if err != nil {
		return nil, nil, err
	}
	clean := func() { drop(); os.RemoveAll(dir) }
	args := append(command, "--data", dir, "--rate-limits", "off")
	if database != "" {
		args = append(args, "--database", database)
	}
	for range 2 {
		if s != nil {
			if err := s.Stop(); err != nil {
				clean()
				return nil, nil, err
			}
		}
		if s, err = load.Start(o.binary, args...); err != nil {
			clean()
			return nil, nil, err
		}
	}
	var once sync.Once
	return s, func() { once.Do(func() { _ = s.Stop(); clean() }) }, nil
}

func below(name string, value float64, unit string, limit float64) Figure {
	return Figure{name, value, unit, "≤ " + number(limit) + " " + unit, value <= limit}
}

func atLeast(name string, value float64, unit string, limit float64) Figure {
	return Figure{name, value, unit, "≥ " + number(limit) + " " + unit, value >= limit}
}

func idle(s *load.Server, o options) ([]Figure, error) {
	time.Sleep(3 * time.Second) // what start-up leaves to be done is done
	cpu, written := s.CPU(), s.Written()
	time.Sleep(10 * time.Second)
	return []Figure{
		below("idle memory (RSS)", float64(s.RSS())/1e6, "MB", 60),
		below("idle CPU in 10 s", float64((s.CPU() - cpu).Milliseconds()), "ms", 10),
		below("idle disk writes in 10 s", float64(s.Written()-written), "B", 0),
	}, nil
}

var resource = regexp.MustCompile(`(?:src|href)="(/assets/[^"]+\.(?:css|js|svg|png))"`)
var inCSS = regexp.MustCompile(`url\("?(/assets/[^")]+|[^")/:]+\.woff2)"?\)`)

// weight adds up what a browser fetches for the contact page.
func weight(s *load.Server, o options) ([]Figure, error) {
	total, body, err := fetch(s.Addr, "/th/contact")
	if err != nil {
		return nil, err
	}
	requests := 1
	seen := map[string]bool{}
	queue := matches(resource, body)
	for len(queue) > 0 {
		path := queue[0]
		queue = queue[1:]
		if seen[path] {
			continue
		}
		seen[path] = true
		n, text, err := fetch(s.Addr, path)
		if err != nil {
			return nil, err
		}
		requests++
		total += n
		for _, m := range matches(inCSS, text) {
			if m[0] != '/' {
				m = "/assets/" + m
			}
			queue = append(queue, m)
		}
	}
	return []Figure{below("contact page over the wire", float64(total)/1024, "KiB", 40), below("contact page requests", float64(requests), "", 5)}, nil
}

func matches(re *regexp.Regexp, text string) []string {
	var out []string
	for _, m := range re.FindAllStringSubmatch(text, -1) {
		out = append(out, m[1])
	}
	return out
}

// fetch returns how many bytes of body came over the wire, and the text.
func fetch(addr, path string) (int, string, error) {
	req, err := http.NewRequest("GET", "http://"+addr+path, nil)
	if err != nil {
		return 0, "", err
	}
	_, port, _ := net.SplitHostPort(addr)
	req.Host = load.Host + ":" + port
	req.Header.Set("Accept-Encoding", "gzip")
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		return 0, "", err
	}
	defer res.Body.Close()
	if res.StatusCode != 200 {
		return 0, "", fmt.Errorf("%s gave %d", path, res.StatusCode)
	}
	counter := &count{r: res.Body}
	var r io.Reader = counter
	if res.Header.Get("Content-Encoding") == "gzip" {
		if r, err = gzip.NewReader(counter); err != nil {
			return 0, "", err
		}
	}
	text, err := io.ReadAll(r)
	return counter.n, string(text), err
}

type count struct {
	r io.Reader
	n int
}

func (c *count) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += n
	return n, err
}

// submitting measures the last page and its post, everything in one transaction.
func submitting(s *load.Server, o options) ([]Figure, error) {
	form, err := load.Prepare(s.Addr)
	if err != nil {
		return nil, err
	}
	if warm := load.Run(s.Addr, form, 8, 2*time.Second, 90000000); warm.FirstErr != nil {
		return nil, warm.FirstErr
	}
	var out []Figure
	for _, c := range []struct {
		conns     int
		rate, p99 float64
	}{{64, 1500, 100}, {8, 0, 25}} {
		cpu := 1.0
		if o.database != "" { // asked of SQLite; here the server's processes share the machine
			c.rate, c.p99, cpu = 0, 0, 0
		}
		more, err := submit(s, form, o, c.conns, fmt.Sprintf("submit, %d connections: ", c.conns), c.rate, c.p99, cpu)
		if err != nil {
			return nil, err
		}
		out = append(out, more...)
	}
	return append(out, Figure{Name: "memory after the load (RSS)", Value: float64(s.RSS()) / 1e6, Unit: "MB"}), nil
}

// posting is the same with the acknowledgements handed over meanwhile.
func posting(s *load.Server, o options) ([]Figure, error) {
	form, err := load.Prepare(s.Addr)
	if err != nil {
		return nil, err
	}
	return submit(s, form, o, 64, "the same with the post handed over to the demo's sink: ", 0, 0, 0)
}

// submit loads for the asked time; a bound of 0 asks nothing.
func submit(s *load.Server, form *load.Form, o options, conns int, name string, rate, p99, cpuEach float64) ([]Figure, error) {
	cpu := s.CPU()
	r := load.Run(s.Addr, form, conns, time.Duration(o.seconds)*time.Second, conns*100000)
	if r.FirstErr != nil {
		return nil, r.FirstErr
	}
	each := ms(s.CPU()-cpu) / float64(r.N)
	out := []Figure{
		atLeast(name+"messages a second", float64(r.N)/r.Elapsed.Seconds(), "/s", rate),
		{Name: name + "p50", Value: ms(r.Quantile(.5)), Unit: "ms"},
		below(name+"p99", ms(r.Quantile(.99)), "ms", p99),
		below(name+"CPU each", each, "ms", cpuEach),
	}
	for i, bound := range []float64{rate, 1, p99, cpuEach} {
		if bound == 0 {
			out[i].Target = ""
		}
	}
	return out, nil
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

func size(s *load.Server, o options) ([]Figure, error) {
	info, err := os.Stat(o.binary)
	if err != nil {
		return nil, err
	}
	return []Figure{below("size of the program", float64(info.Size())/1e6, "MB", 45)}, nil
}
