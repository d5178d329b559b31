// Task is the program in the image that containers_test.go makes: it does what
// its arguments say, and is a fuse binary where it is the entrypoint of a node.
package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"syscall"

	"github.com/starlarkfuse/fuse/exec"
)

func main() {
	diverted, err := exec.Divert(context.Background(), os.Args, func(_, text string) { fmt.Println(text) })
	if !diverted {
		err = do(os.Args[1], os.Args[2:])
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func do(verb string, args []string) error {
	switch verb {
	case "make":
		return errors.Join(write(args[0], "Zoë"), write(args[1], "1, 2"))
	case "take":
		data, err := os.ReadFile(args[1])
		if err != nil {
			return err
		}
		return write(args[2], args[0]+" has "+string(data))
	case "print":
		fmt.Println(args)
	case "exit":
		fmt.Println("out")
		fmt.Fprintln(os.Stderr, "err")
		code, err := strconv.Atoi(args[0])
		if err != nil {
			return err
		}
		os.Exit(code)
	case "env":
		for _, name := range args {
			val, ok := os.LookupEnv(name)
			fmt.Printf("%s=%q %v\n", name, val, ok)
		}
	case "status":
		status, err := os.ReadFile("/proc/self/status")
		if err != nil {
			return err
		}
		for line := range bytes.Lines(status) {
			switch name, _, _ := bytes.Cut(line, []byte(":")); string(name) {
			case "Uid", "CapEff", "CapBnd", "NoNewPrivs":
				os.Stdout.Write(line)
			}
		}
	case "obey": // ends well when it is asked to end
		asked := make(chan os.Signal, 1)
		signal.Notify(asked, syscall.SIGTERM)
		fmt.Println("ready")
		<-asked
		fmt.Println("asked to end")
	case "ignore": // does not end
		signal.Notify(make(chan os.Signal, 1), syscall.SIGTERM)
		fmt.Println("ready")
		select {}
	case "call": // waits for who answers, at two FIFOs
		return errors.Join(write(args[0], "x"), read(args[1]))
	case "answer":
		return errors.Join(read(args[0]), write(args[1], "x"))
	default:
		return fmt.Errorf("nothing to do for %q", verb)
	}
	return nil
}

func write(path, text string) error { return os.WriteFile(path, []byte(text), 0o644) }

func read(path string) error {
	_, err := os.ReadFile(path)
	return err
}
