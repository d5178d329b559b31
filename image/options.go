package image

import (
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/starlarkfuse/fuse/internal/scrub"
	"github.com/starlarkfuse/fuse/starlarkfuse"
)

type options struct {
	base      string
	baseDir   string // that a path of a base image starts at
	platforms []v1.Platform
	binaries  []string
	maxSize   int64
	exclude   []string // absolute paths
	fsys      fs.FS
	cache     cache

	observing *sync.Mutex // held while the next two are called
	observer  func(Progress)
	notes     func(string)

	lookup    func(string) (string, bool)
	logins    []login
	keychain  authn.Keychain
	insecure  bool
	transport http.RoundTripper
	tries     uint
	firstWait time.Duration
	tags      []string
	secrets   *scrub.Secrets
	wire      *wire
}

// An Option changes how an image is built or pushed.
type Option func(*options) error

func newOptions(opts []Option) (*options, error) {
	o := &options{
		platforms: []v1.Platform{{OS: "linux", Architecture: runtime.GOARCH}},
		maxSize:   DefaultMaxSize,
		cache:     cache{DefaultCache()},
		lookup:    os.LookupEnv,
		observing: new(sync.Mutex),
		observer:  func(Progress) {},
		notes:     func(string) {},
		keychain:  authn.DefaultKeychain,
		transport: remote.DefaultTransport,
		tries:     8,
		firstWait: 250 * time.Millisecond,
		secrets:   new(scrub.Secrets),
	}
	return o, o.apply(opts)
}

// with returns the options changed by more.
func (o *options) with(opts []Option) (*options, error) {
	copied := *o
	copied.logins = slices.Clone(o.logins)
	copied.tags = slices.Clone(o.tags)
	return &copied, copied.apply(opts)
}

func (o *options) apply(opts []Option) error {
	for _, opt := range opts {
		if err := opt(o); err != nil {
			return err
		}
	}
	o.wire = &wire{inner: o.transport, insecure: o.insecure, secrets: o.secrets}
	return nil
}

// Scratch is the name of the base image that is none.
const Scratch = "scratch"

// WithBase sets the base image, in the place of the one that the workflow
// names: a reference, as a registry has it; the path of a folder that is an
// OCI layout, or of a tarball that docker save wrote, if it starts with "/",
// "./" or "../", ends in .tar, .tar.gz or .tgz, or has "oci:" or
// "docker-archive:" before it; or Scratch. Relative paths start at the current
// folder; those of a workflow at its own.
func WithBase(base string) Option {
	return func(o *options) error {
		if base == "" {
			return errors.New("WithBase: no image given")
		}
		o.base, o.baseDir = base, "."
		return nil
	}
}

// WithPlatforms sets the platforms that the image is for, each like
// "linux/arm64". With several, what is built is an index of images. The default
// is Linux on the architecture of this machine.
func WithPlatforms(platforms ...string) Option {
	return func(o *options) error {
		o.platforms = nil
		for _, text := range platforms {
			p, err := v1.ParsePlatform(text)
			if err != nil || p.OS != "linux" || p.Architecture == "" || p.OSVersion != "" {
				return &starlarkfuse.Error{
					Msg:  fmt.Sprintf("%q is not a platform that images can be built for", text),
					Hint: "write it like linux/amd64 or linux/arm64",
				}
			}
			if slices.ContainsFunc(o.platforms, func(old v1.Platform) bool { return platformText(old) == platformText(*p) }) {
				return &starlarkfuse.Error{Msg: fmt.Sprintf("the platform %s is given twice", text)}
			}
			o.platforms = append(o.platforms, *p)
		}
		if len(o.platforms) == 0 {
			return errors.New("WithPlatforms: no platform given")
		}
		return nil
	}
}

// platformText is the platform as people write it.
func platformText(p v1.Platform) string {
	text := p.OS + "/" + p.Architecture
	if p.Variant != "" {
		text += "/" + p.Variant
	}
	return text
}

// WithBinaries gives the programs that become the entrypoint, each for the
// platform that its header tells. The default is the running program where it
// can run in the image; else the Go toolchain builds it, where toolchain and
// source are at hand.
func WithBinaries(paths ...string) Option {
	return func(o *options) error { o.binaries = append(o.binaries, paths...); return nil }
}

// WithMaxSize bounds the bytes of the workflow's folder. The default is
// DefaultMaxSize.
func WithMaxSize(n int64) Option {
	return func(o *options) error {
		if n < 1 {
			return fmt.Errorf("a limit of %d bytes leaves no room for a folder", n)
		}
		o.maxSize = n
		return nil
	}
}

// WithExclude leaves out files and folders of this machine, whatever the ignore
// file says: outputs that are written into the workflow's folder. Paths
// elsewhere are no error.
func WithExclude(paths ...string) Option {
	return func(o *options) error {
		for _, p := range paths {
			abs, err := filepath.Abs(p)
			if err != nil {
				return fmt.Errorf("find %s: %w", p, err)
			}
			o.exclude = append(o.exclude, abs)
		}
		return nil
	}
}

// WithFolder takes the workflow's folder from a file system. It must be given
// for a workflow that was loaded from one. The default is the root of the
// workflow's file.
func WithFolder(fsys fs.FS) Option {
	return func(o *options) error {
		if fsys == nil {
			return errors.New("WithFolder: no file system")
		}
		o.fsys = fsys
		return nil
	}
}

// WithLookup sets where the environment variables of secret_env are looked up.
// The default is os.LookupEnv.
func WithLookup(lookup func(name string) (string, bool)) Option {
	return func(o *options) error { o.lookup = lookup; return nil }
}

// WithCache sets the folder in which builds remember what layers are compressed
// to; "" for remembering nothing. The default is DefaultCache.
func WithCache(dir string) Option {
	return func(o *options) error { o.cache = cache{dir}; return nil }
}

// WithProgress calls f with what happens, from several goroutines but one at a
// time. The build waits for f.
func WithProgress(f func(Progress)) Option {
	return func(o *options) error { o.observer = f; return nil }
}

// WithNotes calls f with what is worth telling people beside the progress.
func WithNotes(f func(text string)) Option {
	return func(o *options) error { o.notes = f; return nil }
}

// WithLogin gives the login of a registry, in the place of the workflow's own,
// and of one that was given before.
// server is the registry's host, maybe with a path behind it.
func WithLogin(server, username, password string) Option {
	return func(o *options) error {
		l := login{host: registryHost(server), username: username, password: password}
		o.logins = slices.Insert(o.logins, 0, l) // before the workflow's, and what was given before
		return nil
	}
}

// WithKeychain sets where logins come from that nobody gave. The default reads
// docker's configuration, with its credential helpers, and podman's.
func WithKeychain(k authn.Keychain) Option {
	return func(o *options) error { o.keychain = k; return nil }
}

// WithInsecure allows plain HTTP to the registries. Without it, that is used
// for registries on this machine only.
func WithInsecure(on bool) Option {
	return func(o *options) error { o.insecure = on; return nil }
}

// WithTransport sets what carries requests to registries. The default is that
// of go-containerregistry, which honours the proxies of the environment.
func WithTransport(t http.RoundTripper) Option {
	return func(o *options) error {
		if t == nil {
			return errors.New("WithTransport: no transport")
		}
		o.transport = t
		return nil
	}
}

// WithTries sets how often a request to a registry is tried, and how long the
// first wait is, which doubles each time. A registry that says how long to
// wait is waited for as long.
func WithTries(n uint, first time.Duration) Option {
	return func(o *options) error {
		if n < 1 || first <= 0 {
			return fmt.Errorf("%d tries, with a wait of %s: want at least one of each", n, first)
		}
		o.tries, o.firstWait = n, first
		return nil
	}
}

// WithTags adds tags that the image is pushed under, beside the one that Fuse
// makes of its digest.
func WithTags(tags ...string) Option {
	return func(o *options) error {
		for _, tag := range tags {
			if err := checkTag(strings.TrimSpace(tag)); err != nil {
				return err
			}
			o.tags = append(o.tags, strings.TrimSpace(tag))
		}
		return nil
	}
}
