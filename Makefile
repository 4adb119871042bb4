# Every target does its own set-up. `make help` explains them.
SHELL := /bin/bash
GO ?= go
BIN := bin/prasan
# What runs seldom is compiled without inlining: the program is more than a megabyte smaller.
COLD := $(addprefix prasan/internal/,web/office web/api web/public ropa/... truth retention letters register referral saraban/... rights breach inspection evidence library review inbox identity scenario backup/... crawl app accounts config consent mail/sink notices org sites web/files web/guide) \
	prasan/cmd/... image/... archive/... encoding/asn1 crypto/x509 net/mail mime/... text/template/parse regexp/syntax $(addprefix github.com/,xuri/... alecthomas/... emersion/... go-jose/... coreos/... pkg/sftp/... boombuler/... pquerna/... goccy/... nyaruka/... oschwald/...) software.sslmate.com/... google.golang.org/protobuf/... golang.org/x/crypto/ssh/... golang.org/x/mod/... golang.org/x/image/... golang.org/x/oauth2/... golang.org/x/text/...

.PHONY: help demo dev build test test-go check bench crash shots docs setup fmt clean

help: ## say what each target does
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

build: ## build the program into bin/
	$(GO) build -trimpath -ldflags '-s -w' $(COLD:%=-gcflags=%=-l) -o $(BIN) ./cmd/prasan

demo: build ## seed and serve the scenario; begin at http://demo.industry.localhost:8080 (Go is all it needs)
	$(BIN) demo --data .demo

dev: ## serve the demo from source
	$(GO) run ./cmd/prasan demo --data .demo

setup: ## install what the tests need and is absent (as root: Debian packages by apt-get)
	@bash e2e/setup.sh

test: setup ## all tests, both engines, in a browser too
	@bash e2e/test.sh

check: build ## formatting, vet, docs in step with the program
	@unformatted=$$(gofmt -l $$(git ls-files "*.go")); test -z "$$unformatted" || { echo "not gofmt-ed:"; echo "$$unformatted"; exit 1; }
	$(GO) vet ./...
	@dir=$$(mktemp -d); trap 'rm -r "$$dir"' EXIT; $(BIN) docs $$dir >/dev/null; \
	for f in $$(cd $$dir && find . -type f); do cmp $$dir/$$f docs/$$f || { echo "make docs"; exit 1; }; done

docs: build ## write docs/config.md, docs/cli, docs/api, docs/workflow.md from the program
	$(BIN) docs docs

bench: build ## the figures of docs/performance.md, as a table and as JSON
	$(GO) run ./bench --binary $(BIN)
	$(GO) run ./bench/usage load --binary $(BIN)
	$(GO) run ./bench/exchange
	$(GO) run ./bench/exchange -only numbers -database postgres
	$(GO) run ./bench/backup --binary $(BIN)
	$(GO) run ./bench/rights
	$(GO) run ./bench/truth

crash: build ## rounds of kill -9 under load (docs/reliability.md)
	$(GO) run ./bench/crash --binary $(BIN)
	$(GO) run ./bench/exchange -only kill

shots: setup build ## a picture of every page, phone and desktop, light and dark, both languages, into e2e/shots
	PRASAN_SHOTS=1 $(GO) test -count=1 -timeout 20m -run TestScreenshots ./e2e/

fmt:
	gofmt -w $$(git ls-files "*.go")

clean:
	rm -rf bin .demo e2e/shots
