package matio

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"

	"solve/matrix"
	"solve/solver"
)

// npyInput is where an array comes from.
type npyInput struct {
	io.Reader
	name  string
	size  int64 // exact number of bytes; -1 = not known
	bound int64 // at most so many; -1 = not known
	fail  func(error) error
}

func readNPY(s *source, opt *ReadOptions, f *File) error {
	in := &npyInput{Reader: s.Reader, name: s.name, size: s.size, bound: s.bound, fail: s.readError}
	a, err := readNPYHeader(in, s.name)
	if err != nil {
		return err
	}
	return a.readMatrix(in, opt, f)
}

func (a *npyArray) readMatrix(in *npyInput, opt *ReadOptions, f *File) error {
	rows, cols, err := a.dims(in.name)
	if err != nil {
		return err
	}
	data, err := a.readData(in, rows, cols, opt.MaxMemory)
	if err != nil {
		return err
	}
	d, err := matrix.NewDense(int(rows), int(cols), data)
	if err != nil {
		return err
	}
	f.Dense, f.NNZ, f.Field = d, int64(len(data)), a.descr
	switch a.kind {
	case 'f':
		f.Nonfinite = countNonFinite(data)
		if f.Nonfinite > 0 && !opt.AllowNonFinite {
			return d.CheckFinite(in.name)
		}
	case 'i', 'u':
		if n := countInexact(data); n > 0 && a.size == 8 {
			f.warn("%d integers beyond 2⁵³ were rounded to the nearest double", n)
		}
	}
	return nil
}

func countNonFinite(v []float64) (n int64) {
	for _, x := range v {
		if x-x != 0 {
			n++
		}
	}
	return n
}

func countInexact(v []float64) (n int) {
	for _, x := range v {
		if math.Abs(x) > 1<<53 {
			n++
		}
	}
	return n
}

// readData reads all elements and checks that the input ends there.
func (a *npyArray) readData(in *npyInput, rows, cols, maxMemory int64) ([]float64, error) {
	n := rows * cols
	if a.size > 0 && n > math.MaxInt64/a.size-a.length {
		return nil, &SyntaxError{File: in.name, Msg: fmt.Sprintf("shape (%d, %d) is too large", rows, cols)}
	}
	total := a.length + n*a.size
	if in.bound >= 0 && total > in.bound {
		return nil, &SyntaxError{File: in.name, Msg: fmt.Sprintf(
			"shape (%d, %d) of %s takes %d bytes, but the file holds at most %d", rows, cols, a.descr, total, in.bound)}
	}
	if need := 8 * n; need > maxMemory {
		return nil, &solver.TooLargeError{What: fmt.Sprintf("%s: a dense %d×%d matrix", in.name, rows, cols), Need: need, Have: maxMemory}
	}
	data, err := a.readElements(in, rows, cols)
	if err != nil {
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return nil, &SyntaxError{File: in.name, Msg: fmt.Sprintf(
				"the file is cut short: shape (%d, %d) of %s takes %d bytes", rows, cols, a.descr, total)}
		}
		return nil, in.fail(err)
	}
	var extra [1]byte
	switch _, err := io.ReadFull(in, extra[:]); {
	case err == nil:
		return nil, &SyntaxError{File: in.name, Msg: fmt.Sprintf("the file goes on after the %d bytes of its array", total)}
	case !errors.Is(err, io.EOF):
		return nil, in.fail(err)
	}
	return data, nil
}

const npyBlock = 1 << 20 // bytes

// readElements reads into row-major order. Memory is taken as the data
// come, unless their number was checked against the size of the input.
func (a *npyArray) readElements(in *npyInput, rows, cols int64) ([]float64, error) {
	n := rows * cols
	size := n
	if in.size < 0 {
		size = min(n, npyBlock/8)
	}
	data := make([]float64, size)
	direct := a.descr == "<f8" && hostLittleEndian
	var raw []byte
	for have := int64(0); have < n; {
		if have == int64(len(data)) {
			data = append(data, make([]float64, min(n, 2*have)-have)...)
		}
		part := data[have:min(int64(len(data)), have+npyBlock/8)]
		if direct {
			part = data[have:]
			if _, err := io.ReadFull(in, float64Bytes(part)); err != nil {
				return nil, err
			}
		} else {
			if raw == nil {
				raw = make([]byte, int64(len(part))*a.size)
			}
			b := raw[:int64(len(part))*a.size]
			if _, err := io.ReadFull(in, b); err != nil {
				return nil, err
			}
			a.decode(part, b)
		}
		have += int64(len(part))
	}
	if a.fortran && rows > 1 && cols > 1 {
		return transposed(data, int(cols), int(rows)), nil
	}
	return data[:n:n], nil
}

// transposed returns the transpose of a row-major rows×cols matrix.
func transposed(a []float64, rows, cols int) []float64 {
	const tile = 32
	t := make([]float64, len(a))
	for i0 := 0; i0 < rows; i0 += tile {
		for j0 := 0; j0 < cols; j0 += tile {
			for j := j0; j < min(j0+tile, cols); j++ {
				for i := i0; i < min(i0+tile, rows); i++ {
					t[j*rows+i] = a[i*cols+j]
				}
			}
		}
	}
	return t
}

// decode turns the bytes of len(dst) elements into float64.
func (a *npyArray) decode(dst []float64, b []byte) {
	var order binary.ByteOrder = binary.LittleEndian
	if a.big {
		order = binary.BigEndian
	}
	switch {
	case a.kind == 'b':
		for k := range dst {
			if b[k] != 0 {
				dst[k] = 1
			} else {
				dst[k] = 0
			}
		}
	case a.kind == 'f' && a.size == 8:
		for k := range dst {
			dst[k] = math.Float64frombits(order.Uint64(b[8*k:]))
		}
	case a.kind == 'f':
		for k := range dst {
			dst[k] = float64(math.Float32frombits(order.Uint32(b[4*k:])))
		}
	default:
		a.decodeIntegers(dst, b, order)
	}
}

func (a *npyArray) decodeIntegers(dst []float64, b []byte, order binary.ByteOrder) {
	signed := a.kind == 'i'
	for k := range dst {
		var u uint64
		switch a.size {
		case 1:
			u = uint64(b[k])
		case 2:
			u = uint64(order.Uint16(b[2*k:]))
		case 4:
			u = uint64(order.Uint32(b[4*k:]))
		default:
			u = order.Uint64(b[8*k:])
		}
		if signed {
			shift := 64 - 8*a.size
			dst[k] = float64(int64(u<<shift) >> shift)
		} else {
			dst[k] = float64(u)
		}
	}
}
