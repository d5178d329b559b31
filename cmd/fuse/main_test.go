package main

import (
	"encoding/hex"
	"errors"
	"flag"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

var update = flag.Bool("update", false, "write the golden files anew")

// plainVariable makes the fuse of the scripts print what varies from run to
// run in the same way each time.
const plainVariable = "FUSE_TEST_PLAIN"

// A cleaning runs the tests, and removes what they share.
type cleaning struct{ m *testing.M }

func (c cleaning) Run() int {
	defer func() { removeStatic() }()
	return c.m.Run()
}

func TestMain(m *testing.M) {
	testscript.Main(cleaning{m}, map[string]func(){
		"fuse": func() {
			a := newApp()
			if os.Getenv(plainVariable) != "" {
				a.stdout, a.stderr = plainWriter{a.stdout}, plainWriter{a.stderr}
			}
			os.Exit(execute(a, os.Args[1:]))
		},
	})
}

// A plainWriter writes times, run ids and fingerprints in a form that is
// always the same. All of fuse's writes are of whole lines.
type plainWriter struct{ w io.Writer }

var variable = []struct {
	re *regexp.Regexp
	to string
}{
	{regexp.MustCompile(`\b\d+\.\d\ds\b`), "0.00s"},
	{regexp.MustCompile(`\b\d{8}-\d{6}-[0-9a-z]{4}\b`), "RUN"},
	{regexp.MustCompile(`sha256:[0-9a-f]{64}`), "sha256:…"},
	{regexp.MustCompile(`\bfuse-[0-9a-f]{16}\b`), "fuse-…"},
	{regexp.MustCompile(`\b\d+\.\d [kM]B|\b\d+ B\b`), "N kB"},
	{regexp.MustCompile(`"seconds":[0-9.e-]+`), `"seconds":0`},
	{regexp.MustCompile(`"time":"[^"]*"`), `"time":"T"`},
}

func (p plainWriter) Write(b []byte) (int, error) {
	text := string(b)
	for _, v := range variable {
		text = v.re.ReplaceAllString(text, v.to)
	}
	for _, name := range []string{"REGISTRY", "STATIC_OTHER", "STATIC", "WORK"} {
		if val := os.Getenv(name); val != "" {
			text = strings.ReplaceAll(text, val, "$"+name)
		}
	}
	if _, err := io.WriteString(p.w, text); err != nil {
		return 0, err
	}
	return len(b), nil
}

// setup prepares the environment of a script.
func setup(env *testscript.Env) error {
	examples, err := filepath.Abs("../../examples")
	if err != nil {
		return err
	}
	env.Setenv("EXAMPLES", examples)
	env.Setenv(plainVariable, "1")
	// What builds remember, and logins, are the script's own.
	env.Setenv("XDG_CACHE_HOME", filepath.Join(env.WorkDir, ".tmp", "cache"))
	docker := filepath.Join(env.WorkDir, ".tmp", "docker")
	env.Setenv("DOCKER_CONFIG", docker)
	if err := os.MkdirAll(docker, 0o777); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(docker, "config.json"), []byte("{}"), 0o666); err != nil {
		return err
	}
	// The race detector would let each process wait for a second.
	env.Setenv("GORACE", "atexit_sleep_ms=0")
	return nil
}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		UpdateScripts:       *update,
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup:               setup,
		Cmds:                commands(),
		Condition: func(cond string) (bool, error) {
			switch cond {
			case "tmpfs": // whether a small file system can be mounted
				return exec.Command("unshare", "-rm", "sh", "-c", "mount -t tmpfs t /mnt").Run() == nil, nil
			case "podman":
				return podmanWorks(), nil
			case "root": // who may write everywhere
				return os.Geteuid() == 0, nil
			case "devfull":
				_, err := os.Stat("/dev/full")
				return err == nil, nil
			}
			return false, nil
		},
	})
}

// commands returns the commands of scripts beside testscript's own.
func commands() map[string]func(*testscript.TestScript, bool, []string) {
	return map[string]func(*testscript.TestScript, bool, []string){
		"binary":   staticBinary,
		"bytes":    writeBytes,
		"fails":    fails,
		"registry": serveRegistry,
	}
}

// writeBytes is the script command "bytes FILE HEX".
func writeBytes(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: bytes file hex")
	}
	b, err := hex.DecodeString(args[1])
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), b, 0o666))
}

// fails is the script command "fails CODE COMMAND ARG...": the command must
// end with that exit code.
func fails(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) < 2 {
		ts.Fatalf("usage: fails code command [args...]")
	}
	err := ts.Exec(args[1], args[2:]...)
	code := "0"
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		code = strconv.Itoa(exit.ExitCode())
	} else {
		ts.Check(err)
	}
	if code != args[0] {
		ts.Fatalf("exit code %s, want %s", code, args[0])
	}
}
