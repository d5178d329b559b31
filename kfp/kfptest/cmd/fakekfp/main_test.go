package main

import (
	"bufio"
	"context"
	"io"
	"strings"
	"testing"

	"github.com/starlarkfuse/fuse/kfp"
)

func TestRun(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	r, w := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		ended <- run(ctx, []string{"--addr", "127.0.0.1:0", "--storage", t.TempDir(), "--generation", "next"}, w)
	}()
	address, err := bufio.NewReader(r).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	client, err := kfp.New(strings.TrimSpace(address))
	if err != nil {
		t.Fatal(err)
	}
	health, err := client.Health(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if health.Version != "2.18.0" || !health.Dashboard {
		t.Errorf("it is %+v", health)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("it ended with %v", err)
	}
}

func TestBadFlags(t *testing.T) {
	for want, args := range map[string][]string{
		"unexpected argument":    {"x"},
		"there is no generation": {"--storage", t.TempDir(), "--generation", "1.8"},
		"not defined":            {"--colour"},
	} {
		if err := run(t.Context(), args, io.Discard); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %s", args, err, want)
		}
	}
}
