package image_test

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/v1/layout"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/starlarkfuse/fuse/image"
)

// layoutOf writes the image into an OCI layout, and returns where that is.
func layoutOf(t testing.TB, img *image.Image) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "layout")
	if err := img.WriteLayout(context.Background(), dir, "test"); err != nil {
		t.Fatal(err)
	}
	return dir
}

// opened is the image for one platform, as go-containerregistry reads it in an
// OCI layout.
func opened(t testing.TB, img *image.Image) v1.Image {
	t.Helper()
	return openedIn(t, layoutOf(t, img), img)
}

func openedIn(t testing.TB, dir string, img *image.Image) v1.Image {
	t.Helper()
	index, err := layout.ImageIndexFromPath(dir)
	if err != nil {
		t.Fatal(err)
	}
	got, err := index.Image(hashOf(t, img.Digest()))
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func hashOf(t testing.TB, digest string) v1.Hash {
	t.Helper()
	h, err := v1.NewHash(digest)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// An item is what an archive has of one path.
type item struct {
	*tar.Header
	text string
}

// String shows what the tests are about: "f 644 ffrun/x", "d 755 ffrun/",
// "l ffrun/x -> y".
func (i item) String() string {
	switch i.Typeflag {
	case tar.TypeDir:
		return fmt.Sprintf("d %o %s", i.Mode, i.Name)
	case tar.TypeSymlink:
		return fmt.Sprintf("l %s -> %s", i.Name, i.Linkname)
	case tar.TypeReg:
		return fmt.Sprintf("f %o %s", i.Mode, i.Name)
	}
	return fmt.Sprintf("%c %s", i.Typeflag, i.Name)
}

// unpack returns what is in the layers of a role, for the first platform.
func unpack(t testing.TB, img *image.Image, role string) []item {
	t.Helper()
	dir := layoutOf(t, img)
	var items []item
	for _, l := range img.Manifests()[0].Layers {
		if l.Role == role {
			items = append(items, untar(t, filepath.Join(dir, "blobs", "sha256", strings.TrimPrefix(l.Digest, "sha256:")))...)
		}
	}
	return items
}

// untar returns what is in a compressed archive.
func untar(t testing.TB, path string) []item {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	var items []item
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return items
		}
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		items = append(items, item{h, string(text)})
	}
}

// unpackedTo writes what the layers of an image hold into a folder, one over
// the other, and returns where that is.
func unpackedTo(t testing.TB, img *image.Image) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "rootfs")
	for _, role := range []string{image.RoleBase, image.RoleBinary, image.RoleData, image.RoleSource} {
		for _, it := range unpack(t, img, role) {
			path := filepath.Join(dir, it.Name)
			err := os.MkdirAll(filepath.Dir(path), 0o755)
			if err == nil {
				switch it.Typeflag {
				case tar.TypeDir:
					err = os.MkdirAll(path, 0o755)
				case tar.TypeSymlink:
					err = os.Symlink(it.Linkname, path)
				default:
					err = os.WriteFile(path, []byte(it.text), it.FileInfo().Mode())
				}
			}
			if err == nil && it.Typeflag != tar.TypeSymlink {
				err = os.Chmod(path, it.FileInfo().Mode())
			}
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	return dir
}

// list shows items, one a line.
func list(items []item) string {
	lines := make([]string, len(items))
	for i, it := range items {
		lines[i] = it.String()
	}
	return strings.Join(lines, "\n")
}

// sourceText is what the image has of a file of the workflow's folder.
func sourceText(t testing.TB, img *image.Image, name string) string {
	t.Helper()
	items := unpack(t, img, image.RoleSource)
	i := slices.IndexFunc(items, func(it item) bool { return it.Name == "ffrun/"+name })
	if i < 0 {
		t.Fatalf("the image has no %s:\n%s", name, list(items))
	}
	return items[i].text
}

// roles shows the layers of an image.
func roles(m *image.Manifest) string {
	var all []string
	for _, l := range m.Layers {
		all = append(all, l.Role)
	}
	return strings.Join(all, " ")
}

// layer is the layer of a role, for the first platform.
func layer(t testing.TB, img *image.Image, role string) image.Layer {
	t.Helper()
	layers := img.Manifests()[0].Layers
	i := slices.IndexFunc(layers, func(l image.Layer) bool { return l.Role == role })
	if i < 0 {
		t.Fatalf("no %s layer: %s", role, roles(img.Manifests()[0]))
	}
	return layers[i]
}

// emptyTemporary makes the folder of temporary files one of the test's own.
// What it returns fails the test unless the folder is empty.
func emptyTemporary(t *testing.T) (check func()) {
	t.Helper()
	program(t, "amd64") // is one that stays
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	return func() {
		t.Helper()
		err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
			if err == nil && name != dir {
				t.Errorf("left behind: %s", name)
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	}
}
