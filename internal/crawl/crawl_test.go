package crawl_test

import (
	"context"
	"io"
	"net"
	"slices"
	"testing"

	"prasan/internal/crawl"
)

// page sets a cookie and an entry of the storage, and sends the browser elsewhere.
const page = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nSet-Cookie: trace=1\r\nConnection: close\r\n\r\n" +
	`<!doctype html><title>t</title><script>localStorage.setItem("who", "1")</script><script src="http://evil.example/x.js?secret"></script>`

// serve answers everything alike; the work knows no HTTP, and a test needs little of it.
func serve(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				buf := make([]byte, 64<<10)
				if _, err := c.Read(buf); err == nil {
					_, _ = io.WriteString(c, page)
				}
			}()
		}
	}()
	return l.Addr().String()
}

func TestARealBrowserIsSeenToBeSentElsewhere(t *testing.T) {
	if _, err := crawl.Find(); err != nil {
		t.Skip("no browser is installed")
	}
	seen := 0
	r, err := crawl.Run(context.Background(), crawl.Options{Address: serve(t), Sites: []string{"site.localhost"}, Paths: []string{"/th/"}}, func(crawl.Page) { seen++ })
	if err != nil {
		t.Fatal(err)
	}
	if seen != 1 || len(r.Pages) != 1 || r.Pages[0].Status != 200 {
		t.Fatalf("%+v", r)
	}
	if !slices.Equal(r.Hosts(), []string{"evil.example"}) || !slices.Contains(r.Stored(), "trace") || !slices.Contains(r.Stored(), "who") {
		t.Errorf("hosts %v, stored %v", r.Hosts(), r.Stored())
	}
	if !slices.Contains(r.Pages[0].Scripts, "evil.example/x.js") {
		t.Errorf("scripts %v: with what was asked for, or without the script", r.Pages[0].Scripts)
	}
}

func TestWithoutABrowserItIsSaidWhatToDo(t *testing.T) {
	_, err := crawl.Run(context.Background(), crawl.Options{Browser: "/nonexistent/browser", Address: "127.0.0.1:1"}, func(crawl.Page) {})
	if err == nil {
		t.Error("a browser that is not there crawls")
	}
}
