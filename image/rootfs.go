package image

import (
	"bytes"
	"context"
	"encoding/pem"
	"io"

	"golang.org/x/crypto/x509roots/fallback/bundle"
)

// caFile is where programs, those written in Go too, look for the certificates
// of authorities.
const caFile = "etc/ssl/certs/ca-certificates.crt"

const passwd = `root:x:0:0:root:/:/sbin/nologin
nobody:x:65534:65534:nobody:/:/sbin/nologin
nonroot:x:65532:65532:nonroot:/:/sbin/nologin
`

const group = `root:x:0:
nobody:x:65534:
nonroot:x:65532:
`

// writeRootFS writes the layer that an image without a base begins with: what
// a static program may expect of a system, and a place for its temporary
// files.
func writeRootFS(_ context.Context, w io.Writer) error {
	t := newTarWriter(w)
	text := func(name string, content []byte) {
		t.file(name, modeFile, int64(len(content)), bytes.NewReader(content))
	}
	t.folder("etc", modeFolder)
	text("etc/group", []byte(group))
	text("etc/passwd", []byte(passwd))
	t.folder("etc/ssl", modeFolder)
	t.folder("etc/ssl/certs", modeFolder)
	text(caFile, authorities())
	t.folder("tmp", modeTemporary)
	t.folder("usr", modeFolder)
	t.folder("usr/local", modeFolder)
	t.folder("usr/local/bin", modeFolder)
	return t.close()
}

// authorities returns the certificates that Mozilla trusts, as PEM. They come
// with this program, so that they do not depend on the machine. Those that
// Mozilla trusts in part only are left out: PEM cannot say which part.
func authorities() []byte {
	var b bytes.Buffer
	for root := range bundle.Roots() {
		if root.Constraint == nil {
			pem.Encode(&b, &pem.Block{Type: "CERTIFICATE", Bytes: root.Certificate}) // to memory: cannot fail
		}
	}
	return b.Bytes()
}
