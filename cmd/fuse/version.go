package main

import (
	"encoding/json"
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"

	"github.com/starlarkfuse/fuse/compiler"
)

// A versionInfo is what a binary knows of itself.
type versionInfo struct {
	Version  string `json:"version"`
	Go       string `json:"go"`
	Platform string `json:"platform"`
	Revision string `json:"revision,omitempty"`
	Modified bool   `json:"modified,omitempty"`
}

func (a *app) versionCommand() *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Long: `Version prints the version of Fuse, and what the binary was built with.

` + exitStatus(""),
		Example: `  fuse version
  fuse version --output json`,
		Args:              noArgs,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(*cobra.Command, []string) error {
			v := newVersionInfo()
			if output == "json" {
				b, err := json.Marshal(v)
				if err != nil {
					return err
				}
				return writeOut(a.stdout, append(b, '\n'))
			}
			return writeOut(a.stdout, []byte(v.text()))
		},
	}
	choiceVar(cmd, &output, "output", "text", "how it is printed", "text", "json")
	return cmd
}

func newVersionInfo() versionInfo {
	v := versionInfo{
		Version:  compiler.Version,
		Go:       runtime.Version(),
		Platform: runtime.GOOS + "/" + runtime.GOARCH,
	}
	if build, ok := debug.ReadBuildInfo(); ok {
		for _, s := range build.Settings {
			switch s.Key {
			case "vcs.revision":
				v.Revision = s.Value
			case "vcs.modified":
				v.Modified = s.Value == "true"
			}
		}
	}
	return v
}

func (v versionInfo) text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "fuse %s\n%s %s\n", v.Version, v.Go, v.Platform)
	if v.Revision != "" {
		fmt.Fprintf(&b, "revision %s", v.Revision)
		if v.Modified {
			b.WriteString(", modified")
		}
		b.WriteByte('\n')
	}
	return b.String()
}
