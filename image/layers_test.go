package image_test

import (
	"archive/tar"
	"bytes"
	"crypto/x509"
	"encoding/binary"
	"encoding/pem"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/starlarkfuse/fuse/image"
)

const mebibyte = 1 << 20

func TestLayers(t *testing.T) {
	dir := folder(t, map[string]string{
		"pipeline.star":     pipeline,
		"lib/x.star":        "x = 1\n",
		"lib-old/y.star":    "y = 1\n",
		"data/train.csv":    strings.Repeat("1,2\n", mebibyte/4),
		"data/small.csv":    strings.Repeat("1", mebibyte-1),
		"data/deep/big.bin": strings.Repeat("\x00", mebibyte+1),
		"run.sh":            "#!/bin/sh\n",
	})
	for _, err := range []error{
		os.Mkdir(filepath.Join(dir, "empty"), 0o700),
		os.Symlink("data/train.csv", filepath.Join(dir, "latest")),
		os.Chmod(filepath.Join(dir, "run.sh"), 0o4710),
		os.Chmod(filepath.Join(dir, "lib/x.star"), 0o600),
		os.Chmod(filepath.Join(dir, "lib"), 0o2777),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	img := build(t, load(t, dir))
	if got := roles(img.Manifests()[0]); got != "base binary data source" {
		t.Errorf("layers: %s", got)
	}
	for role, want := range map[string]string{
		"base": `d 755 etc/
f 644 etc/group
f 644 etc/passwd
d 755 etc/ssl/
d 755 etc/ssl/certs/
f 644 etc/ssl/certs/ca-certificates.crt
d 1777 tmp/
d 755 usr/
d 755 usr/local/
d 755 usr/local/bin/`,
		"binary": `f 755 usr/local/bin/fuse`,
		"data": `d 755 ffrun/
d 755 ffrun/data/
d 755 ffrun/data/deep/
f 644 ffrun/data/deep/big.bin
f 644 ffrun/data/train.csv`,
		"source": `d 755 ffrun/
d 755 ffrun/data/
d 755 ffrun/data/deep/
f 644 ffrun/data/small.csv
d 755 ffrun/empty/
l ffrun/latest -> data/train.csv
d 755 ffrun/lib/
d 755 ffrun/lib-old/
f 644 ffrun/lib-old/y.star
f 644 ffrun/lib/x.star
f 644 ffrun/pipeline.star
f 755 ffrun/run.sh`,
	} {
		items := unpack(t, img, role)
		if diff := cmp.Diff(want, list(items)); diff != "" {
			t.Errorf("%s layer (-want +got):\n%s", role, diff)
		}
		checkHeaders(t, items)
	}
	if got := sourceText(t, img, "lib/x.star"); got != "x = 1\n" {
		t.Errorf("lib/x.star holds %q", got)
	}
	want := []string{"data/deep/big.bin", "data/small.csv", "data/train.csv", "latest", "lib-old/y.star", "lib/x.star", "pipeline.star", "run.sh"}
	if got := img.Files(); !slices.Equal(got, want) {
		t.Errorf("files: %q", got)
	}
}

// checkHeaders looks for what of this machine could be in an archive.
func checkHeaders(t *testing.T, items []item) {
	t.Helper()
	for _, it := range items {
		if it.Uid != 0 || it.Gid != 0 || it.Uname != "" || it.Gname != "" || !it.ModTime.Equal(time.Unix(0, 0)) ||
			!it.AccessTime.IsZero() || !it.ChangeTime.IsZero() || len(it.PAXRecords) > 0 {
			t.Errorf("%s has the header %+v", it.Name, it.Header)
		}
	}
}

// The digest of the source layer is in the spec of everybody's workflows. If
// this changes, all images are built and pushed anew: let it be on purpose.
func TestSourceLayerIsAlwaysTheSame(t *testing.T) {
	dir := folder(t, map[string]string{
		"pipeline.star":          pipeline,
		"lib/größe.star":         "x = 1\n",
		strings.Repeat("n", 120): "",
		"run.sh":                 "#!/bin/sh\n",
	})
	for _, err := range []error{
		os.Mkdir(filepath.Join(dir, "empty"), 0o755),
		os.Symlink("lib/größe.star", filepath.Join(dir, "link")),
		os.Chmod(filepath.Join(dir, "run.sh"), 0o755),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	const (
		wantDiffID = "sha256:7f9f6fabbc0e88dfc298c98415a2eb5bb66921a80dd8a76bcd24b48c24550764"
		wantDigest = "sha256:b6a236c89cb744e719c361bcfb115b9955b957aef8eb0b0d4c2334771afadf97"
		wantSource = "sha256:eb3f664a91916eaf5cbde669af0702be9e65760f0e48780d36a25a69bbf22e9b"
	)
	img := build(t, load(t, dir))
	l := layer(t, img, image.RoleSource)
	if l.DiffID != wantDiffID || l.Digest != wantDigest || img.Source() != wantSource {
		t.Errorf("the source layer is %s, compressed %s, and the source %s", l.DiffID, l.Digest, img.Source())
	}
}

// The same folder, whatever the machine makes of it.
func TestSameFolderSameDigest(t *testing.T) {
	files := map[string]string{
		"pipeline.star": pipeline,
		"a/b/c.txt":     "c",
		"a/run.sh":      "#!/bin/sh\n",
		"a-b":           "",
		"data.bin":      random(4 * mebibyte),
	}
	names := slices.Sorted(func(yield func(string) bool) {
		for name := range files {
			if !yield(name) {
				return
			}
		}
	})
	made := func(names []string, umask int, file, executable, folder os.FileMode, at time.Time) *image.Image {
		t.Helper()
		old := syscall.Umask(umask)
		defer syscall.Umask(old)
		dir := filepath.Join(t.TempDir(), strings.Repeat("x", rand.IntN(30)+1))
		for _, name := range names {
			write(t, filepath.Join(dir, name), files[name])
		}
		for _, name := range append(names, "a", "a/b") {
			mode := file
			switch name {
			case "a/run.sh":
				mode = executable
			case "a", "a/b":
				mode = folder
			}
			path := filepath.Join(dir, name)
			if err := os.Chmod(path, mode); err != nil {
				t.Fatal(err)
			}
			if err := os.Chtimes(path, at, at); err != nil {
				t.Fatal(err)
			}
		}
		return build(t, load(t, dir))
	}
	want := made(names, 0o022, 0o644, 0o755, 0o755, time.Now())
	slices.Reverse(names)
	for _, procs := range []int{1, 8} {
		old := runtime.GOMAXPROCS(procs)
		got := made(names, 0o077, 0o611, 0o700, 0o711, time.Unix(1e9, 5))
		runtime.GOMAXPROCS(old)
		if got.Digest() != want.Digest() || got.Source() != want.Source() {
			t.Errorf("with %d cores, the image is %s and the source %s, not %s and %s", procs, got.Digest(), got.Source(), want.Digest(), want.Source())
		}
	}
	if got := made(names, 0o022, 0o755, 0o755, 0o755, time.Now()); got.Digest() == want.Digest() || got.Source() == want.Source() {
		t.Error("files that can be executed give the same image")
	}
}

// random returns bytes that do not compress, the same each time.
func random(n int) string {
	r := rand.NewPCG(1, 2)
	var b bytes.Buffer
	for b.Len() < n {
		binary.Write(&b, binary.LittleEndian, r.Uint64())
	}
	return b.String()[:n]
}

func TestBaseLayer(t *testing.T) {
	texts := make(map[string]string)
	for _, it := range unpack(t, build(t, sums(t)), image.RoleBase) {
		if it.Typeflag == tar.TypeReg {
			texts[it.Name] = it.text
		}
	}
	for _, line := range []string{"root:x:0:0:root:/:/sbin/nologin", "nobody:x:65534:65534:nobody:/:/sbin/nologin", "nonroot:x:65532:65532:nonroot:/:/sbin/nologin"} {
		if !slices.Contains(strings.Split(texts["etc/passwd"], "\n"), line) {
			t.Errorf("no %q in\n%s", line, texts["etc/passwd"])
		}
	}
	if want := "root:x:0:\nnobody:x:65534:\nnonroot:x:65532:\n"; texts["etc/group"] != want {
		t.Errorf("etc/group holds\n%s", texts["etc/group"])
	}
	text, n := []byte(texts["etc/ssl/certs/ca-certificates.crt"]), 0
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil || block.Type != "CERTIFICATE" || !cert.IsCA {
			t.Errorf("certificate %d: %s, %v", n, block.Type, err)
		}
		n++
	}
	if n < 100 || !x509.NewCertPool().AppendCertsFromPEM(text) {
		t.Errorf("%d certificates", n)
	}
}
