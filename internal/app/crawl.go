package app

import (
	"context"
	"net"
	"net/http"
	"time"

	"prasan/internal/audit"
	"prasan/internal/crawl"
	"prasan/internal/db"
	"prasan/internal/truth"
)

// accepting presses the button by which a visitor accepts cookies.
const accepting = `(() => { const b = document.querySelector('button[name="choice"][value="accept"]'); if (b) b.click(); return "" })()`

// Crawl sends a browser over some of the sites and keeps what it found for the truth.
// Without an address the sites are served for it on a port of this machine.
func (a *App) Crawl(ctx context.Context, browser, address string, sites int, each func(crawl.Page)) (crawl.Report, error) {
	if address == "" {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return crawl.Report{}, err
		}
		server := &http.Server{Handler: a.Handler(), ReadHeaderTimeout: 10 * time.Second}
		go func() { _ = server.Serve(l) }()
		defer server.Close()
		address = l.Addr().String()
	}
	var hosts []string
	for i, s := range a.Sites.All() {
		if sites > 0 && i >= sites {
			break
		}
		hosts = append(hosts, s.Host)
	}
	r, err := crawl.Run(ctx, crawl.Options{Browser: browser, Address: address, Sites: hosts, Paths: crawled, Accept: accepting}, each)
	if err != nil {
		return r, err
	}
	if err := truth.Observe(ctx, a.DB, crawlName, r); err != nil {
		return r, err
	}
	return r, a.DB.InTx(ctx, func(tx *db.Tx) error {
		return a.Audit.Append(tx, audit.Event{Actor: "console", Action: "truth.crawl", Object: "sites", Body: map[string]any{"browser": r.Browser, "sites": len(hosts), "pages": len(r.Pages), "hosts": r.Hosts(), "stored": r.Stored()}})
	})
}
