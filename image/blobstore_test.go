package image_test

import (
	"bytes"
	"context"
	"io"
	"strings"
	"sync"

	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// A blobStore keeps the blobs of a registry, by repository and digest.
type blobStore struct {
	mu    sync.Mutex
	blobs map[string][]byte
}

// key is where a blob is kept. The handler of uploads calls the repository by
// too long a name.
func (s *blobStore) key(repo, digest string) string {
	return strings.TrimSuffix(repo, "/blobs") + "@" + digest
}

func (s *blobStore) has(repo, digest string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, ok := s.blobs[s.key(repo, digest)]
	return ok
}

func (s *blobStore) mount(from, repo, digest string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	blob, ok := s.blobs[s.key(from, digest)]
	if ok {
		s.blobs[s.key(repo, digest)] = blob
	}
	return ok
}

func (s *blobStore) Get(_ context.Context, repo string, h v1.Hash) (io.ReadCloser, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	blob, ok := s.blobs[s.key(repo, h.String())]
	if !ok {
		return nil, registry.ErrNotFound
	}
	return io.NopCloser(bytes.NewReader(blob)), nil
}

func (s *blobStore) Stat(_ context.Context, repo string, h v1.Hash) (int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	blob, ok := s.blobs[s.key(repo, h.String())]
	if !ok {
		return 0, registry.ErrNotFound
	}
	return int64(len(blob)), nil
}

func (s *blobStore) Put(_ context.Context, repo string, h v1.Hash, rc io.ReadCloser) error {
	defer rc.Close()
	blob, err := io.ReadAll(rc)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.blobs[s.key(repo, h.String())] = blob
	return nil
}
