package matio

import (
	"encoding/binary"
	"fmt"
	"math"
	"strings"
	"unsafe"
)

var hostLittleEndian = func() bool {
	x := uint16(1)
	return *(*byte)(unsafe.Pointer(&x)) == 1
}()

// float64Bytes views v as memory.
func float64Bytes(v []float64) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(v))), 8*len(v))
}

// littleEndian returns v's bytes in file order; on little-endian machines
// they are a view of v.
func littleEndian(v []float64) []byte {
	if hostLittleEndian {
		return float64Bytes(v)
	}
	b := make([]byte, 0, 8*len(v))
	for _, x := range v {
		b = binary.LittleEndian.AppendUint64(b, math.Float64bits(x))
	}
	return b
}

// npyHeader is the preamble of a version 1.0 file of rows×cols float64 in
// C order, padded so that the data begin at a multiple of 64 bytes.
func npyHeader(rows, cols int) []byte {
	const preamble = 10
	dict := fmt.Sprintf("{'descr': '<f8', 'fortran_order': False, 'shape': (%d, %d), }", rows, cols)
	dict += strings.Repeat(" ", 63-(preamble+len(dict))%64) + "\n"
	b := append([]byte("\x93NUMPY\x01\x00"), 0, 0)
	binary.LittleEndian.PutUint16(b[8:], uint16(len(dict)))
	return append(b, dict...)
}
