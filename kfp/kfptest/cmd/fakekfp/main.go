// Command fakekfp serves a Kubeflow Pipelines server that has no cluster, to try
// clients by hand: see package kfptest.
//
//	fakekfp --storage /tmp/kfp --fuse ./fuse --root examples
//	KF_PIPELINES_ENDPOINT=http://127.0.0.1:3000 fuse run --backend kfp examples/sums.star
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"

	"github.com/starlarkfuse/fuse/kfp/kfptest"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

// run serves until ctx ends, and prints the address first.
func run(ctx context.Context, args []string, stdout io.Writer) error {
	flags := flag.NewFlagSet("fakekfp", flag.ContinueOnError)
	addr := flags.String("addr", "127.0.0.1:3000", "where to listen; port 0 is any that is free")
	storage := flags.String("storage", ".fakekfp", "the folder that everything is kept in")
	generation := flags.String("generation", string(kfptest.Gen217), `which servers it is like: "2.17" or "next"`)
	bare := flags.Bool("bare", false, "serve the API alone, without a dashboard")
	fuse := flags.String("fuse", "", "the fuse binary that runs functions; without it they fail")
	root := flags.String("root", ".", "the folder with the workflow files")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	opts := []kfptest.Option{kfptest.WithStorage(*storage), kfptest.WithGeneration(kfptest.Generation(*generation))}
	if *bare {
		opts = append(opts, kfptest.WithoutDashboard())
	}
	if *fuse != "" {
		opts = append(opts, kfptest.WithFuse(*fuse, *root))
	}
	server, err := kfptest.New(opts...)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", *addr)
	if err != nil {
		return errors.Join(err, server.Close())
	}
	fmt.Fprintf(stdout, "http://%s\n", listener.Addr())
	web := &http.Server{Handler: server}
	defer context.AfterFunc(ctx, func() { web.Close() })()
	if err = web.Serve(listener); ctx.Err() != nil {
		err = nil
	}
	return errors.Join(err, server.Close())
}
