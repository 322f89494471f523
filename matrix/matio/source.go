package matio

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"solve/solver"
)

const peekSize = 64 << 10

// source is the decompressed bytes of an input, and what is known of their
// number before they are read.
type source struct {
	name        string
	compression string
	*bufio.Reader
	raw   *rawCounter
	size  int64 // exact number of decompressed bytes; -1 = not known
	bound int64 // at most so many decompressed bytes; -1 = not known
	close func()
}

// rawCounter counts, and hashes if asked to, the bytes as stored.
type rawCounter struct {
	r    io.Reader
	n    int64
	hash hash.Hash
}

func (c *rawCounter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	if c.hash != nil {
		c.hash.Write(p[:n])
	}
	return n, err
}

// deflateRatio bounds the expansion of gzip: a match of 258 bytes takes at
// least two bits.
const deflateRatio = 1032

// Decompressed is what r holds, decompressed where its first bytes are those of
// gzip or Zstandard. compression is "gzip", "zstd" or "" (plain is r then); close
// frees the decompressor.
func Decompressed(r *bufio.Reader) (plain io.Reader, compression string, close func(), err error) {
	plain, close = r, func() {}
	magic, err := r.Peek(4)
	if err != nil && !errors.Is(err, io.EOF) {
		return plain, "", close, err
	}
	switch {
	case bytes.HasPrefix(magic, []byte{0x1f, 0x8b}):
		z, err := gzip.NewReader(r)
		return z, "gzip", close, err
	case bytes.HasPrefix(magic, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		z, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(128<<20))
		if err != nil {
			return plain, "zstd", close, err
		}
		return z, "zstd", z.Close, nil
	}
	return plain, "", close, nil
}

// newSource looks at the first bytes and starts decompressing if they are
// those of gzip or Zstandard. size is the number of bytes stored, or -1.
func newSource(r io.Reader, name string, size int64, opt *ReadOptions) (*source, error) {
	s := &source{name: name, raw: &rawCounter{r: r}, size: size, bound: size, close: func() {}}
	if opt.Hash {
		s.raw.hash = sha256.New()
	}
	s.Reader = bufio.NewReaderSize(s.raw, peekSize)
	magic, err := s.Peek(6)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if bytes.HasPrefix(magic, []byte("BZh")) || bytes.HasPrefix(magic, []byte("\xfd7zXZ\x00")) {
		return nil, &SyntaxError{File: name, Msg: "bzip2 and xz are not supported: use gzip or zstd", Err: solver.ErrUnsupported}
	}
	plain, compression, close, err := Decompressed(s.Reader)
	if err != nil {
		return nil, s.readError(err)
	}
	if compression == "" {
		return s, nil
	}
	s.compression, s.size, s.bound, s.close = compression, -1, -1, close
	if compression == "gzip" && size >= 0 {
		s.bound = size * deflateRatio
	}
	s.Reader = bufio.NewReaderSize(plain, peekSize)
	return s, nil
}

// readError wraps an error of the decompressor as one of the input, and
// leaves those of the operating system.
func (s *source) readError(err error) error {
	if s.compression == "" && !errors.Is(err, io.ErrUnexpectedEOF) && !isGzipError(err) {
		return fmt.Errorf("%s: %w", s.name, err)
	}
	what := s.compression
	if what == "" {
		what = "gzip"
	}
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		return &SyntaxError{File: s.name, Msg: what + " data are cut short"}
	}
	return &SyntaxError{File: s.name, Msg: fmt.Sprintf("damaged %s data: %v", what, err)}
}

func isGzipError(err error) bool {
	return errors.Is(err, gzip.ErrHeader) || errors.Is(err, gzip.ErrChecksum) || errors.Is(err, io.EOF)
}

// finish reads what the decompressor left, so that count and hash are of
// the whole, and enters them in f.
func (s *source) finish(f *File) error {
	if _, err := io.Copy(io.Discard, s.raw); err != nil {
		return fmt.Errorf("%s: %w", s.name, err)
	}
	f.Name, f.Compression, f.Bytes = s.name, s.compression, s.raw.n
	if s.raw.hash != nil {
		f.SHA256 = hex.EncodeToString(s.raw.hash.Sum(nil))
	}
	return nil
}
