package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"database/sql"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	mathrand "math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"prasan/internal/db"
	"prasan/internal/policy"
	"prasan/internal/saraban"
	"prasan/internal/saraban/ecms"
	"prasan/internal/thai"
)

func client(url string) *ecms.Client {
	return &ecms.Client{URL: url, HTTP: &http.Client{Timeout: time.Minute, Transport: &http.Transport{MaxIdleConnsPerHost: 64}}, Now: time.Now}
}

// serveNode is the other side: an installation that is the node of both organisations,
// fetches what came for its own, and tells the numbers.
func serveNode(ctx context.Context, o options) error {
	slog.SetDefault(slog.New(slog.DiscardHandler))
	s, err := open(ctx, o.dir, sideOptions{serve: true, ahead: o.ahead, people: []policy.Actor{diw}})
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.Handle(ecms.Path, &ecms.Server{Exchange: s.Node(), Now: time.Now, Folder: o.dir, Caller: func(r *http.Request) (string, bool) {
		id := r.URL.Query().Get("org")
		return id, id == fromOrg || id == toOrg
	}})
	mux.HandleFunc("/count", func(w http.ResponseWriter, _ *http.Request) {
		n, _ := s.count(ctx, `SELECT COUNT(*) FROM letters_in`)
		fmt.Fprint(w, n)
	})
	l, err := net.Listen("tcp", o.addr)
	if err != nil {
		return err
	}
	go func() { _ = s.jobs.Run(ctx) }()
	go s.receiveAll(ctx, !o.quiet)
	fmt.Println("ready")
	return http.Serve(l, mux)
}

// receiveAll fetches what waits, without pause while something does, and accepts it.
func (s *side) receiveAll(ctx context.Context, accept bool) {
	for {
		before, _ := s.count(ctx, `SELECT COUNT(*) FROM letters_in`)
		_ = s.Poll(ctx)
		if accept {
			arrived, _ := s.ListIn(ctx, diw, saraban.FilterIn{State: string(saraban.Arrived), Limit: 50})
			for _, i := range arrived {
				_, _ = s.Accept(ctx, diw, i.ID)
			}
		}
		if after, _ := s.count(ctx, `SELECT COUNT(*) FROM letters_in`); after == before {
			time.Sleep(20 * time.Millisecond)
		}
	}
}

// sendOn is the sending side: it writes, signs, numbers and dispatches letter after letter,
// and says each number that it was given.
func sendOn(ctx context.Context, o options) error {
	slog.SetDefault(slog.New(slog.DiscardHandler))
	s, err := open(ctx, o.dir, sideOptions{ahead: o.ahead, nodes: map[string]ecms.Exchange{fromOrg: client(o.nodeURL)}, people: []policy.Actor{drafter, head, registrar}})
	if err != nil {
		return err
	}
	go func() { _ = s.jobs.Run(ctx) }()
	go func() {
		for {
			_ = s.Poll(ctx)
			time.Sleep(30 * time.Millisecond)
		}
	}()
	fmt.Println("ready")
	if o.quiet {
		select {}
	}
	for {
		if err := s.sendOne(ctx); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return err
		}
	}
}

func (s *side) sendOne(ctx context.Context) error {
	l, err := s.approved(ctx)
	if err != nil {
		return err
	}
	if l, err = s.letters.Number(ctx, registrar, l.ID, 0); err != nil {
		return err
	}
	if _, _, err := s.Dispatch(ctx, registrar, l.ID, saraban.Sending{Channel: saraban.ECMS}); err != nil {
		return err
	}
	fmt.Println("sent " + strings.ReplaceAll(l.NumberText, " ", "_"))
	return nil
}

// process is a side in a process of its own.
type process struct {
	cmd  *exec.Cmd
	sent []string
	done chan struct{}
}

func start(o options, role, dir, addr string, more ...string) (*process, error) {
	args := append([]string{"-child", role, "-dir", dir, "-addr", addr, "-node", "http://" + addr + ecms.Path + "?org=" + fromOrg}, more...)
	p := &process{cmd: exec.Command(os.Args[0], args...), done: make(chan struct{})}
	p.cmd.Stderr = os.Stderr
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	lines := bufio.NewScanner(out)
	if !lines.Scan() || lines.Text() != "ready" {
		p.kill()
		return nil, fmt.Errorf("the side %q did not start", role)
	}
	go func() {
		defer close(p.done)
		for lines.Scan() {
			if number, ok := strings.CutPrefix(lines.Text(), "sent "); ok {
				p.sent = append(p.sent, number)
			}
		}
	}()
	return p, nil
}

// kill ends a side as a power cut ends a process; what it said last is read.
func (p *process) kill() {
	_ = p.cmd.Process.Signal(syscall.SIGKILL)
	<-p.done
	_ = p.cmd.Wait()
}

func freeAddr() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}

// node starts the other side in a new folder.
func node(o options, more ...string) (p *process, addr string, clean func(), err error) {
	dir, err := os.MkdirTemp("", "prasan-node")
	if err != nil {
		return nil, "", nil, err
	}
	if addr, err = freeAddr(); err != nil {
		return nil, "", nil, err
	}
	p, err = start(o, "to", dir, addr, more...)
	return p, addr, func() {
		if p != nil {
			p.kill()
		}
		os.RemoveAll(dir)
	}, err
}

func carried(addr string) (int, error) {
	res, err := http.Get("http://" + addr + "/count")
	if err != nil {
		return 0, err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(string(b))
}

func document(n int, size int) *ecms.Letter {
	return &ecms.Letter{ID: "รย 0033/" + strconv.Itoa(n), Date: time.Now().In(thai.Bangkok).Format(time.DateOnly), Subject: "ขอส่งเรื่องร้องเรียน", Secret: "001", Speed: "001", Sender: ecms.Party{Department: fromOrg}, Receiver: ecms.Party{JobTitle: "อธิบดี", Department: toOrg}, SendDate: time.Now(), Main: ecms.File{Mime: "application/pdf", Data: noise(size)}}
}

func noise(size int) []byte {
	b := make([]byte, size)
	copy(b, "%PDF-1.4\n")
	r := mathrand.New(mathrand.NewPCG(1, uint64(size)))
	for i := 9; i < size; i++ {
		b[i] = byte(r.Uint32())
	}
	return b
}

func exchangeFigures(ctx context.Context, o options) error {
	p, addr, clean, err := node(o, "-quiet")
	if err != nil {
		return err
	}
	defer clean()
	c := client("http://" + addr + ecms.Path + "?org=" + fromOrg)
	began, end := time.Now(), time.Now().Add(time.Duration(o.seconds)*time.Second)
	sent := 0
	for base := 0; time.Now().Before(end); base += 64 {
		if err := many(16, 64, func(i int) error { _, err := c.Send(ctx, fromOrg, document(base+i+1, 100<<10)); return err }); err != nil {
			return err
		}
		sent += 64
	}
	figure("e-CMS, letters of 100 KB: taken by the node", float64(sent)/time.Since(began).Seconds(), "/s", "", true)
	for n := 0; n < sent; {
		if n, err = carried(addr); err != nil {
			return err
		}
		time.Sleep(5 * time.Millisecond)
	}
	atLeast(fmt.Sprintf("e-CMS, %d letters of 100 KB: sent, fetched, stored on the other side", sent), float64(sent)/time.Since(began).Seconds(), "/s", 200)
	_ = p
	return nil
}

// rss is the resident memory of a process: now, and the most it ever was, in bytes.
func rss(pid int, name string) float64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	for line := range bytes.Lines(text) {
		if rest, ok := bytes.CutPrefix(line, []byte(name)); ok {
			n, _ := strconv.ParseFloat(strings.Fields(string(rest))[0], 64)
			return n * 1024
		}
	}
	return 0
}

func attachmentFigures(ctx context.Context, o options) error {
	key, certificate, err := signer()
	if err != nil {
		return err
	}
	if err := attachmentFigure(ctx, o, "", func(*ecms.Letter) error { return nil }); err != nil {
		return err
	}
	var before, after runtime.MemStats
	return attachmentFigure(ctx, o, " signed", func(l *ecms.Letter) error {
		runtime.GC()
		runtime.ReadMemStats(&before)
		err := ecms.Sign(l, key, certificate)
		runtime.ReadMemStats(&after)
		atMost("e-CMS, signing an attachment of 20 MB: memory taken, in sizes of it", float64(after.TotalAlloc-before.TotalAlloc)/(20<<20), "", 0.3)
		return err
	})
}

// signer is a key with a certificate of its own.
func signer() (crypto.Signer, *x509.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Unix(0, 0), NotAfter: time.Unix(1<<33, 0)}
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	if err != nil {
		return nil, nil, err
	}
	c, err = x509.ParseCertificate(der)
	return key, c, err
}

func attachmentFigure(ctx context.Context, o options, how string, sign func(l *ecms.Letter) error) error {
	p, addr, clean, err := node(o, "-quiet")
	if err != nil {
		return err
	}
	defer clean()
	c := client("http://" + addr + ecms.Path + "?org=" + fromOrg)
	if _, err := c.Send(ctx, fromOrg, document(1, 1000)); err != nil {
		return err
	}
	time.Sleep(300 * time.Millisecond)
	before := rss(p.cmd.Process.Pid, "VmRSS:")
	l := document(2, 1000)
	l.Attachments = []ecms.File{{Mime: "image/jpeg", Data: noise(20 << 20)}}
	if err := sign(l); err != nil {
		return err
	}
	if _, err := c.Send(ctx, fromOrg, l); err != nil {
		return err
	}
	for n := 0; n < 2; {
		if n, err = carried(addr); err != nil {
			return err
		}
		time.Sleep(10 * time.Millisecond)
	}
	most := rss(p.cmd.Process.Pid, "VmHWM:")
	atMost("e-CMS, an attachment of 20 MB"+how+": memory of the node and receiver, in sizes of it", (most-before)/(20<<20), "", 3)
	return nil
}

// killRounds kills one of the sides in mid-exchange, again and again, and looks in the end
// whether every letter came exactly once and no number is lost or given twice.
func killRounds(ctx context.Context, o options) error {
	dir, err := os.MkdirTemp("", "prasan-exchange")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	from, to := dir+"/from", dir+"/to"
	for _, d := range []string{from, to} {
		if err := os.Mkdir(d, 0o700); err != nil {
			return err
		}
	}
	addr, err := freeAddr()
	if err != nil {
		return err
	}
	began := time.Now()
	var said []string
	var a, b *process
	begin := func(p **process, role, dir string, more ...string) {
		if err == nil {
			*p, err = start(o, role, dir, addr, more...)
		}
	}
	begin(&b, "to", to)
	begin(&a, "from", from)
	for range o.rounds {
		if err != nil {
			return err
		}
		time.Sleep(time.Duration(50+mathrand.IntN(250)) * time.Millisecond)
		if mathrand.IntN(2) == 0 {
			a.kill()
			said = append(said, a.sent...)
			begin(&a, "from", from)
		} else {
			b.kill()
			begin(&b, "to", to)
		}
	}
	a.kill()
	said = append(said, a.sent...)
	b.kill()
	// What failed waits for its pause: each time, both go on an hour later.
	for hour := 1; hour <= 30; hour++ {
		later := "-ahead=" + strconv.Itoa(hour) + "h"
		begin(&b, "to", to, later)
		begin(&a, "from", from, later, "-quiet")
		if err != nil {
			return err
		}
		time.Sleep(1500 * time.Millisecond)
		a.kill()
		b.kill()
		if quiet, err := isQuiet(ctx, from, to); err != nil || quiet {
			if err != nil {
				return err
			}
			break
		}
	}
	return arrivedOnce(ctx, o, from, to, said, time.Since(began))
}

func isQuiet(ctx context.Context, from, to string) (bool, error) {
	s, err := open(ctx, from, sideOptions{})
	if err != nil {
		return false, err
	}
	defer s.close()
	waiting, err := s.count(ctx, `SELECT COUNT(*) FROM dispatches WHERE state IN ('queued','sent','delivered')`)
	return waiting == 0, err
}

func arrivedOnce(ctx context.Context, o options, from, to string, said []string, took time.Duration) error {
	a, err := open(ctx, from, sideOptions{})
	if err != nil {
		return err
	}
	defer a.close()
	b, err := open(ctx, to, sideOptions{})
	if err != nil {
		return err
	}
	defer b.close()
	for _, s := range []*side{a, b} {
		if err := s.sound(ctx); err != nil {
			return err
		}
	}
	came := map[string]int{}
	err = b.db.Read(ctx, func(tx *db.Tx) error {
		clear(came)
		return each(tx, `SELECT number_text FROM letters_in`, func(n string) { came[n]++ })
	})
	if err != nil {
		return err
	}
	left := map[string]bool{}
	err = a.db.Read(ctx, func(tx *db.Tx) error {
		clear(left)
		return each(tx, `SELECT l.number_text FROM letters l JOIN dispatches d ON d.letter_id = l.id`, func(n string) { left[n] = true })
	})
	if err != nil {
		return err
	}
	lost, twice := 0, 0
	for n := range left {
		switch {
		case came[n] == 0:
			lost++
		case came[n] > 1:
			twice++
		}
	}
	for _, n := range said {
		if !left[strings.ReplaceAll(n, "_", " ")] {
			return fmt.Errorf("%s was said to have left, and is not there", n)
		}
	}
	pending, err := a.count(ctx, `SELECT COUNT(*) FROM dispatches WHERE state NOT IN ('accepted','answered')`)
	if err != nil {
		return err
	}
	numbered, err := a.count(ctx, `SELECT COUNT(*) FROM letters WHERE number > 0`)
	if err != nil {
		return err
	}
	fmt.Printf("rounds of kill -9 on either side: %d in %s\nletters numbered: %d\nletters dispatched: %d\nletters that came: %d\nlost: %d\ntwice: %d\nwithout their receive number on the sender's side: %d\nnumbers lost or given twice: 0\n", o.rounds, took.Round(time.Second), numbered, len(left), len(came), lost, twice, pending)
	if lost+twice+pending > 0 || len(came) != len(left) {
		return fmt.Errorf("the promise was broken")
	}
	return nil
}

func each(tx *db.Tx, query string, f func(string)) error {
	return tx.Each(query, nil, func(rows *sql.Rows) error {
		var s string
		err := rows.Scan(&s)
		f(s)
		return err
	})
}
