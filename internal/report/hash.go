package report

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"os"
)

// FileHash is the SHA-256 of a file as stored, in hex: what reports say of
// inputs and answers.
func FileHash(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
