// Command fuse compiles, runs and shows workflows written in Starlark. It is
// also the entrypoint in the containers of their nodes.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

func main() { os.Exit(execute(newApp(), os.Args[1:])) }

// execute runs a command line until it ends or the process is told to, and
// returns the exit code. A second signal ends the process at once.
func execute(a *app, args []string) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop)
	return a.run(ctx, args)
}
