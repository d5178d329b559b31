package image

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/starlarkfuse/fuse/starlarkfuse"
)

// An elfFile is what the tests say of an executable.
type elfFile struct {
	kind    elf.Type
	machine elf.Machine
	order   elf.Data
	class   elf.Class
	abi     elf.OSABI
	entry   uint32
	interp  bool
}

// bytes writes a header, and one of a segment.
func (f elfFile) bytes() []byte {
	var order binary.ByteOrder = binary.LittleEndian
	if f.order == elf.ELFDATA2MSB {
		order = binary.BigEndian
	}
	segment := elf.PT_LOAD
	if f.interp {
		segment = elf.PT_INTERP
	}
	ident := [elf.EI_NIDENT]byte{0x7f, 'E', 'L', 'F', byte(f.class), byte(f.order), byte(elf.EV_CURRENT), byte(f.abi)}
	var b bytes.Buffer
	if f.class == elf.ELFCLASS32 {
		binary.Write(&b, order, elf.Header32{
			Ident: ident, Type: uint16(f.kind), Machine: uint16(f.machine), Version: 1, Entry: f.entry,
			Phoff: 52, Ehsize: 52, Phentsize: 32, Phnum: 1,
		})
		binary.Write(&b, order, elf.Prog32{Type: uint32(segment)})
	} else {
		binary.Write(&b, order, elf.Header64{
			Ident: ident, Type: uint16(f.kind), Machine: uint16(f.machine), Version: 1, Entry: uint64(f.entry),
			Phoff: 64, Ehsize: 64, Phentsize: 56, Phnum: 1,
		})
		binary.Write(&b, order, elf.Prog64{Type: uint32(segment)})
	}
	return b.Bytes()
}

// static is a static executable for amd64.
func static() elfFile {
	return elfFile{elf.ET_EXEC, elf.EM_X86_64, elf.ELFDATA2LSB, elf.ELFCLASS64, elf.ELFOSABI_NONE, 0x400000, false}
}

func TestInspect(t *testing.T) {
	with := func(change func(f *elfFile)) []byte {
		f := static()
		change(&f)
		return f.bytes()
	}
	const (
		notLinux     = "FILE is not an executable for Linux"
		hintNotLinux = "build one with CGO_ENABLED=0 GOOS=linux go build"
	)
	for _, test := range []struct {
		name       string
		file       []byte
		want       program
		text, hint string
	}{
		{"static", static().bytes(), program{"amd64", false}, "", ""},
		{"dynamic", with(func(f *elfFile) { f.interp = true }), program{"amd64", true}, "", ""},
		{"position-independent", with(func(f *elfFile) { f.kind, f.interp = elf.ET_DYN, true }), program{"amd64", true}, "", ""},
		{"static and position-independent", with(func(f *elfFile) { f.kind = elf.ET_DYN }), program{"amd64", false}, "", ""},
		{"says Linux", with(func(f *elfFile) { f.abi = elf.ELFOSABI_LINUX }), program{"amd64", false}, "", ""},
		{"arm64", with(func(f *elfFile) { f.machine = elf.EM_AARCH64 }), program{"arm64", false}, "", ""},
		{"arm", with(func(f *elfFile) { f.machine, f.class = elf.EM_ARM, elf.ELFCLASS32 }), program{"arm", false}, "", ""},
		{"386", with(func(f *elfFile) { f.machine, f.class = elf.EM_386, elf.ELFCLASS32 }), program{"386", false}, "", ""},
		{"s390x", with(func(f *elfFile) { f.machine, f.order = elf.EM_S390, elf.ELFDATA2MSB }), program{"s390x", false}, "", ""},
		{"ppc64le", with(func(f *elfFile) { f.machine = elf.EM_PPC64 }), program{"ppc64le", false}, "", ""},
		{"riscv64", with(func(f *elfFile) { f.machine = elf.EM_RISCV }), program{"riscv64", false}, "", ""},
		{"loong64", with(func(f *elfFile) { f.machine = elf.EM_LOONGARCH }), program{"loong64", false}, "", ""},
		{
			name: "ppc64", file: with(func(f *elfFile) { f.machine, f.order = elf.EM_PPC64, elf.ELFDATA2MSB }),
			text: "FILE is for a kind of processor that no image of Fuse is for: EM_PPC64",
		},
		{
			name: "sparc", file: with(func(f *elfFile) { f.machine, f.order = elf.EM_SPARCV9, elf.ELFDATA2MSB }),
			text: "FILE is for a kind of processor that no image of Fuse is for: EM_SPARCV9",
		},
		{name: "FreeBSD", file: with(func(f *elfFile) { f.abi = elf.ELFOSABI_FREEBSD }), text: notLinux, hint: hintNotLinux},
		{name: "a library", file: with(func(f *elfFile) { f.kind, f.entry = elf.ET_DYN, 0 }), text: notLinux, hint: hintNotLinux},
		{name: "an object file", file: with(func(f *elfFile) { f.kind = elf.ET_REL }), text: notLinux, hint: hintNotLinux},
		{name: "a core dump", file: with(func(f *elfFile) { f.kind = elf.ET_CORE }), text: notLinux, hint: hintNotLinux},
		{name: "cut off", file: static().bytes()[:70], text: notLinux, hint: hintNotLinux},
		{name: "cut off in the header", file: static().bytes()[:20], text: notLinux, hint: hintNotLinux},
		{name: "cut off in the first bytes", file: static().bytes()[:3], text: notLinux, hint: hintNotLinux},
		{name: "empty", file: []byte{}, text: notLinux, hint: hintNotLinux},
		{name: "a script", file: []byte("#!/bin/sh\nexec /usr/bin/fuse \"$@\"\n"), text: notLinux, hint: hintNotLinux},
		{name: "for Windows", file: append([]byte("MZ"), make([]byte, 500)...), text: notLinux, hint: hintNotLinux},
		{name: "for macOS", file: append([]byte("\xcf\xfa\xed\xfe\x07\x00\x00\x01"), make([]byte, 500)...), text: notLinux, hint: hintNotLinux},
		{name: "missing", text: "read FILE: no such file or directory"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			if test.file != nil {
				if err := os.WriteFile("FILE", test.file, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			got, err := inspect("FILE")
			if test.text == "" {
				if err != nil || got != test.want {
					t.Errorf("got %+v, %v", got, err)
				}
				return
			}
			e := (*starlarkfuse.Error)(nil)
			if !errors.As(err, &e) || e.Error() != test.text || e.Hint != test.hint {
				t.Errorf("error: %v\nhint: %+v", err, e)
			}
		})
	}
	dir := t.TempDir()
	if _, err := inspect(dir); err == nil || err.Error() != "read "+dir+": is a directory" {
		t.Errorf("a folder: %v", err)
	}
	if got, err := inspect("/bin/sh"); err == nil && !got.dynamic {
		t.Errorf("the shell of this machine is %+v", got)
	}
}

func TestRunsOn(t *testing.T) {
	for platform, want := range map[string]bool{
		"linux/amd64": true, "linux/amd64/v3": true, "linux/arm64": false, "linux/386": false, "windows/amd64": false,
	} {
		p, err := v1.ParsePlatform(platform)
		if err != nil {
			t.Fatal(err)
		}
		if got := (program{"amd64", false}).runsOn(*p); got != want {
			t.Errorf("%s: %t", platform, got)
		}
	}
}

// FuzzInspect gives any bytes as a program: debug/elf makes no promises.
func FuzzInspect(f *testing.F) {
	f.Add(static().bytes())
	f.Add(elfFile{elf.ET_DYN, elf.EM_ARM, elf.ELFDATA2LSB, elf.ELFCLASS32, elf.ELFOSABI_NONE, 1, true}.bytes())
	f.Add(elfFile{elf.ET_EXEC, elf.EM_S390, elf.ELFDATA2MSB, elf.ELFCLASS64, elf.ELFOSABI_NONE, 1, false}.bytes())
	f.Add([]byte("#!/bin/sh\n"))
	path := filepath.Join(f.TempDir(), "program")
	f.Fuzz(func(t *testing.T, text []byte) {
		if err := os.WriteFile(path, text, 0o644); err != nil {
			t.Fatal(err)
		}
		got, err := inspect(path)
		if (err == nil) != (got.arch != "") {
			t.Errorf("%+v, %v", got, err)
		}
	})
}
