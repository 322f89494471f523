//go:build !unix

package report

import "runtime"

// PeakRSS is what the Go runtime has obtained from the system, in bytes: an
// upper bound where the system call for the resident size is missing.
func PeakRSS() int64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.Sys)
}
