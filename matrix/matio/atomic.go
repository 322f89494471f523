package matio

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// AtomicFile is a file under a temporary name beside its place until
// Commit gives it its own. A name that ends in .gz or .zst makes it
// compress what is written.
type AtomicFile struct {
	Sync bool // have Commit flush to the device before renaming

	path, temp string // temp is "" for a device or pipe, which is written in place
	f          *os.File
	buf        *bufio.Writer
	compressor io.WriteCloser // nil = none
}

// Create opens a temporary file beside path. What exists under path stays
// as it is until Commit; a symbolic link is followed. Devices and pipes are
// written directly.
func Create(path string) (*AtomicFile, error) {
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target
	}
	a := &AtomicFile{path: path}
	mode := fs.FileMode(0o666)
	info, err := os.Stat(path)
	switch {
	case err == nil && info.IsDir():
		return nil, &fs.PathError{Op: "create", Path: path, Err: errors.New("is a directory")}
	case err == nil && !info.Mode().IsRegular():
		a.f, err = os.OpenFile(path, os.O_WRONLY, 0)
		if err != nil {
			return nil, err
		}
	default:
		if a.f, err = createBeside(path, mode); err != nil {
			return nil, err
		}
		a.temp = a.f.Name()
		if info != nil {
			if err := a.f.Chmod(info.Mode().Perm()); err != nil {
				a.Abort()
				return nil, err
			}
		}
	}
	a.buf = bufio.NewWriterSize(a.f, writeBuffer)
	switch strings.ToLower(filepath.Ext(path)) {
	case ".gz":
		a.compressor = gzip.NewWriter(a.buf)
	case ".zst":
		if a.compressor, err = zstd.NewWriter(a.buf, zstd.WithEncoderConcurrency(1)); err != nil {
			a.Abort()
			return nil, err
		}
	}
	return a, nil
}

// longestStem keeps temporary names below the 255 bytes that file systems take.
const longestStem = 200

func createBeside(path string, mode fs.FileMode) (*os.File, error) {
	dir, name := filepath.Split(path)
	name = name[:min(len(name), longestStem)]
	for range 100 {
		temp := filepath.Join(dir, fmt.Sprintf(".%s.%08x.tmp", name, rand.Uint32()))
		f, err := os.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
		if !errors.Is(err, fs.ErrExist) {
			return f, err
		}
	}
	return nil, &fs.PathError{Op: "create", Path: path, Err: errors.New("no free temporary name")}
}

// Write writes to the temporary file, through the compressor if there is
// one.
func (a *AtomicFile) Write(p []byte) (int, error) {
	if a.f == nil {
		return 0, fs.ErrClosed
	}
	if a.compressor != nil {
		return a.compressor.Write(p)
	}
	return a.buf.Write(p)
}

// Commit flushes, closes and renames. On error nothing is left behind and
// what was there before is untouched.
func (a *AtomicFile) Commit() error {
	if a.f == nil {
		return fs.ErrClosed
	}
	err := a.finish()
	if err != nil {
		a.Abort()
		return err
	}
	f := a.f
	a.f = nil
	if err = f.Close(); err == nil && a.temp != "" {
		err = os.Rename(a.temp, a.path)
	}
	if err != nil && a.temp != "" {
		os.Remove(a.temp)
	}
	return err
}

func (a *AtomicFile) finish() error {
	if a.compressor != nil {
		c := a.compressor
		a.compressor = nil
		if err := c.Close(); err != nil {
			return err
		}
	}
	if err := a.buf.Flush(); err != nil {
		return err
	}
	if a.Sync && a.temp != "" {
		return a.f.Sync()
	}
	return nil
}

// Abort closes and removes the temporary file. After Commit it does
// nothing, so that it can be deferred.
func (a *AtomicFile) Abort() {
	if a.f == nil {
		return
	}
	if a.compressor != nil {
		if z, ok := a.compressor.(*zstd.Encoder); ok {
			z.Reset(nil) // ends without writing
		}
		a.compressor = nil
	}
	a.f.Close()
	a.f = nil
	if a.temp != "" {
		os.Remove(a.temp)
	}
}
