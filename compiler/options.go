package compiler

import (
	"errors"
	"strings"

	"github.com/starlarkfuse/fuse/starlarkfuse"
)

// An Option changes what Compile does.
type Option func(*options) error

type options struct{ image string }

// WithImage sets the image of every function node: a reference as a container
// runtime takes it, best one with a digest. Without it, the image is the
// repository that the workflow's settings name, else one of the workflow's
// name on the registry of its credentials, else a placeholder on localhost.
func WithImage(ref string) Option {
	return func(o *options) error {
		if ref == "" || strings.ContainsAny(ref, " \t\r\n") {
			return errors.New("the image of a workflow must be a reference such as registry.example.com/name@sha256:…")
		}
		o.image = ref
		return nil
	}
}

// defaultImage returns the image of a workflow for which none is given. It is
// never empty: a task without an image hangs a run of KFP for ever.
func defaultImage(wf *starlarkfuse.Workflow) string {
	if repo := Repository(wf); repo != "" {
		return repo
	}
	return "localhost/" + PipelineName(wf.Name()) + ":latest"
}

// Repository returns the repository that the workflow's image is pushed to: the
// one that its settings name, which may have a tag, else one of the workflow's
// name on the registry of its credentials, else "".
func Repository(wf *starlarkfuse.Workflow) string {
	set := wf.Settings()
	if set.Image != "" {
		return set.Image
	}
	// The server is a host, but may have been copied from the configuration
	// of another tool, as a URL.
	server := set.Credentials.Server
	if _, rest, ok := strings.Cut(server, "://"); ok {
		server = rest
	}
	if i := strings.LastIndexByte(server, '@'); i >= 0 {
		server = server[i+1:]
	}
	if server = strings.Trim(server, "/"); server == "" {
		return ""
	}
	return server + "/" + PipelineName(wf.Name())
}
