package image

import (
	"context"
	"debug/elf"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"runtime"
	"slices"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/starlarkfuse/fuse/compiler"
	"github.com/starlarkfuse/fuse/internal/files"
	"github.com/starlarkfuse/fuse/starlarkfuse"
)

// binary returns the path of the program that is the entrypoint on a platform:
// one of WithBinary; else the running program, where it can run there; else
// what the Go toolchain builds of its source.
func (b *build) binary(ctx context.Context, p v1.Platform) (string, error) {
	if len(b.binaries) > 0 {
		return b.givenBinary(p)
	}
	self, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("find the running program: %w", err)
	}
	why := fmt.Sprintf("the running program is one for %s/%s", runtime.GOOS, runtime.GOARCH)
	if runtime.GOOS == "linux" {
		prog, err := inspect(self)
		switch {
		case err != nil:
			why = err.Error()
		case !prog.runsOn(p):
			why = fmt.Sprintf("the running program is one for linux/%s", prog.arch)
		case prog.dynamic:
			why = "the running program needs libraries of this machine"
		default:
			return self, nil
		}
	}
	built, err := b.goBuild(ctx, p)
	if err == nil {
		return built, nil
	}
	if ctx.Err() != nil {
		return "", err
	}
	return "", &starlarkfuse.Error{
		Msg:  fmt.Sprintf("there is no fuse binary for %s to put into the image: %s, and %v", platformText(p), why, err),
		Hint: fmt.Sprintf("give one with --fuse-binary FILE; CGO_ENABLED=0 GOOS=linux GOARCH=%s go build ./cmd/fuse makes it", p.Architecture),
		Err:  err,
	}
}

// givenBinary chooses among the binaries of WithBinary.
func (b *build) givenBinary(p v1.Platform) (string, error) {
	var have []string
	for _, path := range b.binaries {
		prog, err := inspect(path)
		if err != nil {
			return "", err
		}
		if !prog.runsOn(p) {
			have = append(have, fmt.Sprintf("%s is for linux/%s", path, prog.arch))
			continue
		}
		if prog.dynamic && b.base == "" {
			return "", &starlarkfuse.Error{
				Msg:  fmt.Sprintf("%s needs libraries that an image without a base does not have", path),
				Hint: "build it with CGO_ENABLED=0, or choose a base image that has them",
			}
		}
		return path, nil
	}
	return "", &starlarkfuse.Error{
		Msg:  fmt.Sprintf("no given fuse binary is for %s: %s", platformText(p), strings.Join(have, ", ")),
		Hint: "give one for each platform",
	}
}

// A program is what the header of an executable file tells.
type program struct {
	arch    string // as GOARCH has it
	dynamic bool   // it is not the whole program: the system's loader completes it
}

// inspect reads the header of an executable for Linux.
func inspect(path string) (program, error) {
	file, err := os.Open(path)
	if err != nil {
		return program{}, &starlarkfuse.Error{Msg: fmt.Sprintf("read %s: %v", path, files.Cause(err)), Err: err}
	}
	defer file.Close()
	f, err := elf.NewFile(file)
	if cause := (*fs.PathError)(nil); errors.As(err, &cause) {
		return program{}, &starlarkfuse.Error{Msg: fmt.Sprintf("read %s: %v", path, cause.Err), Err: err}
	}
	arch := ""
	if err == nil {
		for goarch, m := range machines() {
			if m.machine == f.Machine && m.order == f.Data {
				arch = goarch
			}
		}
	}
	switch {
	case err != nil, f.Type != elf.ET_EXEC && f.Type != elf.ET_DYN, f.Entry == 0, // that is a library
		f.OSABI != elf.ELFOSABI_NONE && f.OSABI != elf.ELFOSABI_LINUX:
		return program{}, &starlarkfuse.Error{
			Msg:  fmt.Sprintf("%s is not an executable for Linux", path),
			Hint: "build one with CGO_ENABLED=0 GOOS=linux go build",
			Err:  err,
		}
	case arch == "":
		return program{}, &starlarkfuse.Error{Msg: fmt.Sprintf("%s is for a kind of processor that no image of Fuse is for: %v", path, f.Machine)}
	}
	interpreted := func(p *elf.Prog) bool { return p.Type == elf.PT_INTERP }
	return program{arch, slices.ContainsFunc(f.Progs, interpreted)}, nil
}

func (p program) runsOn(on v1.Platform) bool { return on.OS == "linux" && on.Architecture == p.arch }

type machine struct {
	machine elf.Machine
	order   elf.Data
}

// machines returns the architectures that Go builds for Linux, by their GOARCH.
func machines() map[string]machine {
	return map[string]machine{
		"386":     {elf.EM_386, elf.ELFDATA2LSB},
		"amd64":   {elf.EM_X86_64, elf.ELFDATA2LSB},
		"arm":     {elf.EM_ARM, elf.ELFDATA2LSB},
		"arm64":   {elf.EM_AARCH64, elf.ELFDATA2LSB},
		"loong64": {elf.EM_LOONGARCH, elf.ELFDATA2LSB},
		"ppc64le": {elf.EM_PPC64, elf.ELFDATA2LSB},
		"riscv64": {elf.EM_RISCV, elf.ELFDATA2LSB},
		"s390x":   {elf.EM_S390, elf.ELFDATA2MSB},
	}
}

// binaryLayer makes the layer with the program at path.
func (b *build) binaryLayer(path string) (*layer, error) {
	return b.newLayer(RoleBinary, func(ctx context.Context, w io.Writer) error {
		f, err := os.Open(path)
		if err != nil {
			return fmt.Errorf("read the fuse binary %s: %w", path, files.Cause(err))
		}
		defer f.Close()
		info, err := f.Stat()
		if err != nil {
			return fmt.Errorf("read the fuse binary %s: %w", path, files.Cause(err))
		}
		// The folders above are the base's: it may have links there.
		t := newTarWriter(w)
		t.file(strings.TrimPrefix(compiler.Entrypoint, "/"), modeExecutable, info.Size(), &ctxReader{ctx: ctx, r: f})
		if err := t.close(); err != nil {
			return fmt.Errorf("copy the fuse binary %s: %w", path, err)
		}
		return nil
	})
}
