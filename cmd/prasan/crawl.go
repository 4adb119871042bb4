package main

import (
	"fmt"
	"strings"

	"prasan/internal/app"
	"prasan/internal/config"
	"prasan/internal/crawl"
)

type crawlCmd struct {
	config.Store
	Browser string `help:"Chromium, Chrome or Edge on this machine. Default: the first that is found." placeholder:"PATH"`
	Address string `help:"Where the sites answer already. Default: they are served for the crawl on a port of this machine." placeholder:"HOST:PORT"`
	Sites   int    `default:"5" help:"How many sites are visited; 0 is all. They show the same templates."`
	JSON    bool   `help:"Print JSON."`
}

func (crawlCmd) Help() string {
	return example("prasan crawl --data /var/lib/prasan", "prasan crawl --data /var/lib/prasan --browser /usr/bin/chromium --sites 0") + "\nA browser must be installed; the program brings none. Its names all lead to the installation: nothing it asks of others leaves the machine, and what it would have asked is seen."
}

// Run sends a browser over the sites; what it finds is evidence of the truth report.
func (c crawlCmd) Run(p *program) error {
	a, err := p.open(c.Store, app.Use)
	if err != nil {
		return err
	}
	defer a.Close()
	r, err := a.Crawl(p.ctx, c.Browser, c.Address, c.Sites, func(page crawl.Page) {
		if !c.JSON {
			fmt.Fprintf(p.std.out, "%d %s%s hosts: %s; cookies: %s; storage: %s\n", page.Status, page.URL, map[bool]string{true: " (accepted)"}[page.Accepted], list(page.Hosts), list(page.Cookies), list(page.Storage))
		}
	})
	if err != nil {
		return err
	}
	if c.JSON {
		return p.printJSON(r)
	}
	fmt.Fprintf(p.std.out, "%s, %d pages. Hosts of others: %s. Set: %s. Next: prasan truth\n", r.Browser, len(r.Pages), list(r.Hosts()), list(r.Stored()))
	return nil
}

func list(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}
