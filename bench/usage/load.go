package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"prasan/bench/load"
	"prasan/internal/db"
)

// loadOptions are the flags of "usage load".
type loadOptions struct {
	binary, database, profile string
	seconds                   int
}

// prepared are how many different requests the generator sends, round and round: made
// before, so that it costs the program it shares the machine with as little as can be.
const prepared = 150_000

// figure is one line of the table.
type figure struct {
	name  string
	value string
	asked string
	met   bool
}

// loaded starts the program on new data and loads it: first 64 connections, then 8.
func loaded(o loadOptions) error {
	dir, err := os.MkdirTemp("", "prasan-usage")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	s, err := start(o.binary, dir, o.database)
	if err != nil {
		return err
	}
	if err := s.Stop(); err != nil { // it is measured as it starts every day
		return err
	}
	if s, err = start(o.binary, dir, o.database); err != nil {
		return err
	}
	defer s.Kill()
	time.Sleep(15 * time.Second) // what start-up leaves to be done is done
	idle := float64(s.RSS()) / 1e6
	requests := requestsOf(newWorkload(1, sitesOf("industry.localhost")))
	run(s, requests, 16, 3*time.Second) // texts are learnt
	out := []figure{{"idle memory (RSS)", fmt.Sprintf("%.1f MB", idle), "≤ 60 MB", idle <= 60}}
	for _, c := range []struct {
		conns     int
		rate, p99 float64 // hits a second, milliseconds
	}{{64, 12000, 20}, {8, 0, 10}} {
		if o.profile != "" {
			go profile(s, fmt.Sprintf("%s.%d", o.profile, c.conns), o.seconds-1)
		}
		more, err := under(s, requests, c.conns, o, c.rate, c.p99)
		if err != nil {
			return err
		}
		out = append(out, more...)
	}
	rss := float64(s.RSS()) / 1e6
	peak := float64(s.Peak()) / 1e6
	out = append(out, figure{"memory after the load", fmt.Sprintf("%.1f MB", rss), "", true}, figure{"memory at its highest", fmt.Sprintf("%.1f MB", peak), "≤ 250 MB", peak <= 250})
	show(out)
	return nil
}

func start(binary, dir, database string) (*load.Server, error) {
	args := []string{"serve", "--data", dir, "--rate-limits", "off", "--trusted-proxy", "127.0.0.0/8"}
	if database != "" {
		args = append(args, "--database", database)
	}
	return load.Start(binary, args...)
}

func show(list []figure) {
	fmt.Println("| figure | measured | asked | met |\n|---|---:|---:|---|")
	for _, f := range list {
		met := "yes"
		if f.asked == "" {
			met = ""
		} else if !f.met {
			met = "no"
		}
		fmt.Printf("| %s | %s | %s | %s |\n", f.name, f.value, f.asked, met)
	}
}

// under loads with some connections and tells what came of it.
func under(s *load.Server, requests [][]byte, conns int, o loadOptions, rate, p99 float64) ([]figure, error) {
	cpu, before := s.CPU(), batches(s)
	r := run(s, requests, conns, time.Duration(o.seconds)*time.Second)
	if r.n() == 0 {
		return nil, fmt.Errorf("no hit was acknowledged (%d refused)", r.refused)
	}
	each := float64((s.CPU() - cpu).Microseconds()) / float64(r.n())
	size := float64(r.n()) / float64(max(1, batches(s)-before))
	got := float64(r.n()) / r.long.Seconds()
	name := fmt.Sprintf("%d connections: ", conns)
	out := []figure{
		{name + "hits a second, acknowledged durable", fmt.Sprintf("%.0f", got), fmt.Sprintf("≥ %.0f", rate), got >= rate},
		{name + "p50", ms(r.quantile(.5)), "", true},
		{name + "p99", ms(r.quantile(.99)), fmt.Sprintf("≤ %.0f ms", p99), r.quantile(.99).Seconds()*1000 <= p99},
		{name + "CPU a hit", fmt.Sprintf("%.0f µs", each), "≤ 80 µs", each <= 80},
		{name + "hits a commit", fmt.Sprintf("%.1f", size), "", true},
		{name + "refused", fmt.Sprint(r.refused), "0", r.refused == 0},
	}
	if rate > 0 {
		return out, nil
	}
	bare, err := bareLoop(o.database, int(size+.5), 3*time.Second)
	if err != nil {
		return nil, err
	}
	share := 100 * got / bare
	out[0].asked = ""
	return append(out, figure{name + "a bare loop that commits as many rows", fmt.Sprintf("%.0f rows/s", bare), "", true},
		figure{name + "share of it", fmt.Sprintf("%.0f %%", share), "≥ 60 %", share >= 60}), nil
}

func ms(d time.Duration) string { return fmt.Sprintf("%.2f ms", float64(d.Microseconds())/1000) }

// requestsOf are the bytes of requests.
func requestsOf(w *workload) [][]byte {
	out := make([][]byte, prepared)
	for i := range out {
		h := w.hit(uint64(i + 1))
		body := h.body()
		out[i] = fmt.Appendf(nil, "POST /p HTTP/1.1\r\nHost: %s\r\nUser-Agent: %s\r\nAccept-Language: %s\r\nX-Forwarded-For: %s\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n%s", h.Site, h.Agent, h.Language, h.Addr, len(body), body)
	}
	return out
}

// result is what came of a load.
type result struct {
	times   []time.Duration
	refused int64
	long    time.Duration
}

func (r *result) n() int { return len(r.times) }

func (r *result) quantile(q float64) time.Duration {
	return r.times[min(len(r.times)-1, int(float64(len(r.times))*q))]
}

var next atomic.Uint64

// run posts hits in a closed loop.
func run(s *load.Server, requests [][]byte, conns int, long time.Duration) *result {
	r := &result{}
	times := make([][]time.Duration, conns)
	began := time.Now()
	var refused atomic.Int64
	var wg sync.WaitGroup
	for c := range conns {
		wg.Go(func() {
			conn, err := net.Dial("tcp", s.Addr)
			if err != nil {
				refused.Add(1)
				return
			}
			defer conn.Close()
			in := bufio.NewReader(conn)
			for sent := began; sent.Sub(began) < long; {
				if _, err := conn.Write(requests[next.Add(1)%prepared]); err != nil {
					return
				}
				ok, err := answer(in)
				if err != nil {
					return
				}
				now := time.Now()
				if ok {
					times[c] = append(times[c], now.Sub(sent))
				} else {
					refused.Add(1)
				}
				sent = now
			}
		})
	}
	wg.Wait()
	r.long, r.refused = time.Since(began), refused.Load()
	r.times = slices.Concat(times...)
	slices.Sort(r.times)
	return r
}

// answer reads one and tells whether it is 204; others have a body.
func answer(in *bufio.Reader) (acknowledged bool, err error) {
	line, err := in.ReadSlice('\n')
	if err != nil {
		return false, err
	}
	acknowledged = bytes.HasPrefix(line, []byte("HTTP/1.1 204"))
	length := 0
	for {
		line, err := in.ReadSlice('\n')
		if err != nil {
			return false, err
		}
		if len(line) <= 2 {
			break
		}
		if rest, ok := bytes.CutPrefix(line, []byte("Content-Length: ")); ok {
			length, _ = strconv.Atoi(string(bytes.TrimSpace(rest)))
		}
	}
	_, err = in.Discard(length)
	return acknowledged, err
}

// batches is how many commits the collection has made, by the program's own metrics.
func batches(s *load.Server) int64 { return metric(s, "prasan_usage_commits_total ") }

func metric(s *load.Server, name string) int64 {
	res, err := http.Get("http://" + s.Admin + "/metrics")
	if err != nil {
		return 0
	}
	defer res.Body.Close()
	scan := bufio.NewScanner(res.Body)
	for scan.Scan() {
		if rest, ok := strings.CutPrefix(scan.Text(), name); ok {
			f, _ := strconv.ParseFloat(rest, 64)
			return int64(f)
		}
	}
	return 0
}

func profile(s *load.Server, path string, seconds int) {
	res, err := http.Get(fmt.Sprintf("http://%s/debug/pprof/profile?seconds=%d", s.Admin, seconds))
	if err != nil {
		return
	}
	defer res.Body.Close()
	f, err := os.Create(path)
	if err != nil {
		return
	}
	defer f.Close()
	_, _ = io.Copy(f, res.Body)
}

// bareLoop commits batches of so many rows of hits, and nothing else, by one connection
// of the same driver with the same settings, on the same disk; it returns rows a second.
func bareLoop(database string, size int, long time.Duration) (float64, error) {
	ctx := context.Background()
	if database == "" {
		dir, err := os.MkdirTemp("", "prasan-bare")
		if err != nil {
			return 0, err
		}
		defer os.RemoveAll(dir)
		database = "sqlite:" + filepath.Join(dir, "bare.db")
	}
	d, err := db.Open(ctx, database, db.Options{Lanes: 1})
	if err != nil {
		return 0, err
	}
	defer d.Close()
	if err := d.InTx(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(`CREATE TABLE bare (site BIGINT NOT NULL, at BIGINT NOT NULL, n BIGINT NOT NULL, visitor BIGINT, level BIGINT, name BIGINT, page BIGINT, source BIGINT, campaign BIGINT, profile BIGINT, label BIGINT, value BIGINT, bot BIGINT, cookie BIGINT, PRIMARY KEY (site, at, n))`)
		return err
	}); err != nil {
		return 0, err
	}
	defer d.InTx(ctx, func(tx *db.Tx) error { _, err := tx.Exec(`DROP TABLE bare`); return err })
	return barely(ctx, d, max(1, size), long)
}

func barely(ctx context.Context, d *db.DB, size int, long time.Duration) (float64, error) {
	var text strings.Builder
	text.WriteString(`INSERT INTO bare VALUES `)
	for i := range size {
		if i > 0 {
			text.WriteByte(',')
		}
		fmt.Fprintf(&text, "($%d,$%d,1,$%d,1,7,8,9,0,10,0,1,0,0)", 3*i+1, 3*i+2, 3*i+3)
	}
	began, n := time.Now(), 0
	for time.Since(began) < long {
		args := make([]any, 0, 3*size)
		for range size {
			n++
			args = append(args, n%80, n, n*7919)
		}
		if err := d.InTx(ctx, func(tx *db.Tx) error { _, err := tx.Exec(text.String(), args...); return err }); err != nil {
			return 0, err
		}
	}
	return float64(n) / time.Since(began).Seconds(), nil
}
