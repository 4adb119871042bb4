package main

import (
	"compress/gzip"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"regexp"
	"time"

	"prasan/bench/load"
)

// measure makes one run on a new data folder.
func measure(o options) ([]Figure, error) {
	dir, err := os.MkdirTemp("", "prasan-bench")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	args := []string{"demo", "--empty", "--data", dir, "--rate-limits", "off"}
	if o.database != "" {
		args = append(args, "--database", o.database)
	}
	first, err := load.Start(o.binary, args...) // makes the database and the bodies
	if err != nil {
		return nil, err
	}
	if err := first.Stop(); err != nil {
		return nil, err
	}
	s, err := load.Start(o.binary, args...)
	if err != nil {
		return nil, err
	}
	defer s.Stop()
	out := []Figure{below("start to ready", float64(s.Started.Milliseconds()), "ms", 300)}
	for _, step := range []func(*load.Server, options) ([]Figure, error){idle, weight, submitting, size} {
		more, err := step(s, o)
		if err != nil {
			return nil, err
		}
		out = append(out, more...)
	}
	return out, nil
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

func submitting(s *load.Server, o options) ([]Figure, error) {
	form, err := load.Prepare(s.Addr)
	if err != nil {
		return nil, err
	}
	if warm := load.Run(s.Addr, form, 8, 2*time.Second, 90000000); warm.FirstErr != nil {
		return nil, warm.FirstErr
	}
	d := time.Duration(o.seconds) * time.Second
	var out []Figure
	for _, c := range []struct {
		conns int
		p99   float64
	}{{64, 100}, {8, 25}} {
		cpu := s.CPU()
		r := load.Run(s.Addr, form, c.conns, d, c.conns*100000)
		if r.FirstErr != nil {
			return nil, r.FirstErr
		}
		rate := float64(r.N) / r.Elapsed.Seconds()
		name := fmt.Sprintf("submit, %d connections: ", c.conns)
		if c.conns == 64 {
			out = append(out, atLeast(name+"messages a second", rate, "/s", 1500))
		} else {
			out = append(out, Figure{Name: name + "messages a second", Value: rate, Unit: "/s"})
		}
		out = append(out,
			Figure{Name: name + "p50", Value: ms(r.Quantile(.5)), Unit: "ms"},
			below(name+"p99", ms(r.Quantile(.99)), "ms", c.p99),
			below(name+"CPU each", ms(s.CPU()-cpu)/float64(r.N), "ms", 1))
	}
	return append(out, Figure{Name: "memory after the load (RSS)", Value: float64(s.RSS()) / 1e6, Unit: "MB"}), nil
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

func size(s *load.Server, o options) ([]Figure, error) {
	info, err := os.Stat(o.binary)
	if err != nil {
		return nil, err
	}
	return []Figure{below("size of the program", float64(info.Size())/1e6, "MB", 45)}, nil
}
