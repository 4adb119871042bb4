package crawl

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"time"

	"prasan/internal/errs"
)

// event is a message that the browser sends by itself.
type event struct {
	Method string
	Params json.RawMessage
}

// message is one of the DevTools protocol; a zero byte ends each on the pipe.
type message struct {
	ID      int             `json:"id,omitempty"`
	Session string          `json:"sessionId,omitempty"`
	Method  string          `json:"method,omitempty"`
	Params  json.RawMessage `json:"params,omitempty"`
	Result  json.RawMessage `json:"result,omitempty"`
	Error   *struct {
		Message string `json:"message"`
	} `json:"error,omitempty"`
}

// browser is a running one.
type browser struct {
	cmd     *exec.Cmd
	out     io.WriteCloser
	profile string
	ended   chan struct{}

	mu       sync.Mutex
	last     int
	waiting  map[int]chan message
	sessions map[string]chan event
}

func start(ctx context.Context, o Options) (*browser, error) {
	profile, err := profileFolder()
	if err != nil {
		return nil, errs.Wrap(err, errs.Unavailable, "error.crawl-start", "browser", filepath.Base(o.Browser))
	}
	theirIn, ourOut, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	ourIn, theirOut, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	b := &browser{out: ourOut, profile: profile, ended: make(chan struct{}), waiting: map[int]chan message{}, sessions: map[string]chan event{}}
	b.cmd = exec.CommandContext(ctx, o.Browser, arguments(o, profile)...)
	b.cmd.ExtraFiles = []*os.File{theirIn, theirOut} // 3 and 4
	if err := b.cmd.Start(); err != nil {
		for _, f := range []*os.File{theirIn, ourOut, ourIn, theirOut} {
			f.Close()
		}
		os.RemoveAll(profile)
		return nil, errs.Wrap(err, errs.Unavailable, "error.crawl-start", "browser", filepath.Base(o.Browser))
	}
	theirIn.Close()
	theirOut.Close()
	go b.read(ourIn)
	return b, nil
}

func (b *browser) read(in *os.File) {
	defer close(b.ended)
	defer in.Close()
	r := bufio.NewReaderSize(in, 1<<20)
	for {
		text, err := r.ReadBytes(0)
		if err != nil {
			return
		}
		var m message
		if json.Unmarshal(text[:len(text)-1], &m) != nil {
			continue
		}
		b.mu.Lock()
		answer, session := b.waiting[m.ID], b.sessions[m.Session]
		delete(b.waiting, m.ID)
		b.mu.Unlock()
		if answer != nil && m.ID != 0 {
			answer <- m
		} else if session != nil {
			select {
			case session <- event{m.Method, m.Params}:
			default: // a page that makes more noise than this has been heard
			}
		}
	}
}

func (b *browser) listen(session string) chan event {
	c := make(chan event, 4096)
	b.mu.Lock()
	b.sessions[session] = c
	b.mu.Unlock()
	return c
}

func (b *browser) forget(session string) {
	b.mu.Lock()
	delete(b.sessions, session)
	b.mu.Unlock()
}

const patience = 30 * time.Second

// call sends a command and waits for its answer.
func (b *browser) call(ctx context.Context, session, method string, params any, into any) error {
	raw := json.RawMessage("{}")
	if params != nil {
		text, err := json.Marshal(params)
		if err != nil {
			return err
		}
		raw = text
	}
	answer := make(chan message, 1)
	b.mu.Lock()
	b.last++
	m := message{ID: b.last, Session: session, Method: method, Params: raw}
	b.waiting[m.ID] = answer
	text, err := json.Marshal(m)
	if err == nil {
		_, err = b.out.Write(append(text, 0))
	}
	b.mu.Unlock()
	if err != nil {
		return errs.Wrap(err, errs.Unavailable, "error.crawl-lost", "what", method)
	}
	select {
	case m := <-answer:
		if m.Error != nil {
			return errs.New(errs.Unavailable, "error.crawl-lost", "what", method+": "+m.Error.Message)
		}
		if into == nil {
			return nil
		}
		return json.Unmarshal(m.Result, into)
	case <-b.ended:
		return errs.New(errs.Unavailable, "error.crawl-lost", "what", method)
	case <-time.After(patience):
		return errs.New(errs.Unavailable, "error.crawl-lost", "what", method)
	case <-ctx.Done():
		return ctx.Err()
	}
}

// stop ends the browser, and by force if it does not go.
func (b *browser) stop() {
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
	_ = b.call(ctx, "", "Browser.close", nil, nil)
	cancel()
	b.out.Close()
	gone := make(chan struct{})
	go func() { _ = b.cmd.Wait(); close(gone) }()
	select {
	case <-gone:
	case <-time.After(3 * time.Second):
		_ = b.cmd.Process.Kill()
		<-gone
	}
	os.RemoveAll(b.profile)
}
