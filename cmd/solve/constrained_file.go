package main

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"time"

	"solve/constrained/nl"
	"solve/internal/report"
	"solve/matrix/matio"
	"solve/solver"
)

// readBytes reads a file that holds no matrix, such as a model, decompressed
// where its first bytes say so; "-" is stdin.
func (in *inputs) readBytes(role, path string) ([]byte, error) {
	start := time.Now()
	defer func() { in.seconds += time.Since(start).Seconds() }()
	in.con.reading.Store(true)
	defer in.con.reading.Store(false)
	source := path
	if other, ok := in.renamed[role]; ok {
		source = other
	}
	file := in.con.in
	if source != "-" {
		f, err := in.readStored(source)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil, withHint(err, "check the name of the file, and the directory that it is relative to")
		case err != nil:
			return nil, err
		}
		defer f.Close()
		file = f
	} else if in.stdin != "" {
		return nil, usageError("give one of them as a file", "%s and %s cannot both be stdin", in.stdin, role)
	} else if isTerminal(in.con.in) {
		return nil, usageError("pipe the model in, or give a file", "%s is read from stdin, but stdin is a terminal", role)
	} else {
		in.stdin = role
	}
	hash := sha256.New()
	raw := bufio.NewReader(io.TeeReader(file, hash))
	data, err := readPlain(raw, in.name(role, path), in.options.MaxMemory)
	if err != nil {
		return nil, err
	}
	if _, err := io.Copy(io.Discard, raw); err != nil { // what follows compressed data is part of the hash
		return nil, err
	}
	in.list = append(in.list, report.Input{Role: role, Path: path, SHA256: hex.EncodeToString(hash.Sum(nil))})
	return data, nil
}

// readPlain reads at most limit bytes, decompressed.
func readPlain(r *bufio.Reader, name string, limit int64) ([]byte, error) {
	plain, compression, free, err := matio.Decompressed(r)
	defer free()
	var data []byte
	if err == nil {
		data, err = io.ReadAll(io.LimitReader(plain, limit+1))
	}
	switch {
	case err != nil && compression != "":
		return nil, fmt.Errorf("%s: the compressed data are damaged: %w: %w", name, err, solver.ErrFormat)
	case err != nil:
		return nil, err
	case int64(len(data)) > limit:
		return nil, &solver.TooLargeError{What: name, Need: limit + 1, Have: limit}
	}
	return data, nil
}

// readNames reads the names that stand beside STUB.nl in STUB.col and STUB.row,
// if they are there.
func readNames(m *nl.Model, path string) error {
	stub, ok := strings.CutSuffix(path, ".nl")
	if !ok {
		return nil
	}
	var readers [2]io.Reader
	for k, ext := range []string{".col", ".row"} {
		f, err := os.Open(stub + ext)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		defer f.Close()
		readers[k] = f
	}
	return m.ReadNames(readers[0], readers[1])
}
