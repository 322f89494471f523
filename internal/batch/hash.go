package batch

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"solve/internal/report"
)

// Input is a file or directory as a job found it. SHA256 is of the bytes as
// stored; of a directory, of its files' names and hashes; "" where there is
// none, or where it cannot be read.
type Input struct {
	Path   string `json:"path"`
	SHA256 string `json:"sha256"`
}

// hasher hashes files, each version of a file once: jobs share inputs.
type hasher struct {
	mu    sync.Mutex
	known map[string]hashed
}

type hashed struct {
	size int64
	time time.Time
	sum  string
}

// settled is how long before it was hashed a file must have been changed
// last for its time to tell the next change: clocks of file systems tick.
const settled = 2 * time.Second

func newHasher() *hasher { return &hasher{known: map[string]hashed{}} }

// inputs hashes all files of a job.
func (h *hasher) inputs(paths []string) []Input {
	out := make([]Input, len(paths))
	for k, path := range paths {
		sum, err := h.sum(path)
		if err != nil {
			sum = ""
		}
		out[k] = Input{path, sum}
	}
	return out
}

func (h *hasher) sum(path string) (string, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return "", err
	case info.IsDir():
		return h.directory(path)
	case !info.Mode().IsRegular():
		return "", fmt.Errorf("%s is no regular file", path)
	}
	h.mu.Lock()
	last, ok := h.known[path]
	h.mu.Unlock()
	if ok && last.size == info.Size() && last.time.Equal(info.ModTime()) {
		return last.sum, nil
	}
	sum, err := report.FileHash(path)
	if err == nil && time.Since(info.ModTime()) > settled {
		h.mu.Lock()
		h.known[path] = hashed{info.Size(), info.ModTime(), sum}
		h.mu.Unlock()
	}
	return sum, err
}

// directory hashes the names and hashes of the files in a directory; answers
// are stored flat.
func (h *hasher) directory(dir string) (string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return "", err
	}
	all := sha256.New()
	for _, e := range entries {
		if !e.Type().IsRegular() {
			continue
		}
		sum, err := h.sum(filepath.Join(dir, e.Name()))
		if err != nil {
			return "", err
		}
		fmt.Fprintf(all, "%s %q\n", sum, e.Name())
	}
	return hex.EncodeToString(all.Sum(nil)), nil
}
