GO ?= go

.DEFAULT_GOAL := help

.PHONY: help
help: ## show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: build
build: ## build ./fuse, one static binary
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags='-s -w' -o fuse ./cmd/fuse

.PHONY: test
test: ## run the tests
	$(GO) test ./...

.PHONY: lint
lint: ## check the format, vet, and the module files
	@unformatted=$$(gofmt -l .); if [ -n "$$unformatted" ]; then echo "run gofmt -w on:"; echo "$$unformatted"; exit 1; fi
	$(GO) vet ./...
	$(GO) mod tidy -diff

.PHONY: golden
golden: ## write the golden files anew; read the diff before committing it
	$(GO) test ./starlarkfuse ./compiler ./examples ./cmd/fuse -update

.PHONY: bench
bench: ## run the benchmarks
	$(GO) test ./... -run '^$$' -bench . -benchmem
