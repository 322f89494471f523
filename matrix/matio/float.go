package matio

import (
	"encoding/binary"
	"errors"
	"math"
	"math/bits"
	"strconv"
)

//go:generate go run pow10_gen.go

// pad is how many bytes beyond its text a buffer must have: a newline and
// then anything. Scanners stop at the newline, and eight bytes at a time
// are read without asking for the end.
const pad = 16

// outcome of scanning a number.
type outcome uint8

const (
	numOK      outcome = iota
	numSpecial         // the word inf or nan
	numRange           // too large for a float64
	numBad             // no number
)

// scanFloat reads the decimal number at b[i] and returns the float64
// nearest to it, the same bits as strconv.ParseFloat, and where it ended.
// The exponent may be marked by e or, as in Fortran, d. The words inf and
// nan are known; hexadecimal numbers, underscores and "infinity" are not.
// The caller checks that what follows may follow a number.
//
// Up to 19 digits are gathered in an integer, eight at a time. W. D. Clinger, How to read floating point numbers accurately,
// PLDI 1990, says when one exact operation gives the answer; otherwise a
// 128-bit product does, save for rare cases left to strconv: D. Lemire,
// Number parsing at a gigabyte per second, Software: Practice and
// Experience 51 (2021).
func scanFloat(b []byte, i int) (v float64, end int, out outcome) {
	start := i
	sign := b[i]
	if sign == '-' || sign == '+' {
		i++
	}
	first := i
	var m uint64
	if d := b[i] - '0'; d <= 9 && b[i+1] == '.' {
		m = uint64(d)
		i++
	} else {
		m, i = scanDigits(b, i)
	}
	digits := i - first
	exp := 0
	if b[i] == '.' {
		i++
		fraction := i
		w := binary.LittleEndian.Uint64(b[i:])
		n := digitRun(w)
		for n == 8 {
			m = m*100000000 + valueOf(w)
			i += 8
			w = binary.LittleEndian.Uint64(b[i:])
			n = digitRun(w)
		}
		if n > 0 {
			m = m*smallPow10[n&7] + valueOf(w<<(64-8*n&63))
			i += n
		}
		exp = fraction - i
		digits += i - fraction
	}
	if digits == 0 || digits > 19 && significant(b[first:i]) > 19 {
		return scanFloatSlow(b, start)
	}
	if c := b[i] | 0x20; c == 'e' || c == 'd' {
		e, j, ok := scanExponent(b, i+1)
		if !ok {
			return 0, start, numBad
		}
		exp += e
		i = j
	}
	v, ok := scale(m, exp)
	if !ok {
		return scanFloatSlow(b, start)
	}
	if sign == '-' {
		v = -v
	}
	return v, i, numOK
}

var smallPow10 = [8]uint64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7}

// digitRun is how many of w's bytes, from the lowest on, are digits. Sums
// carry only out of bytes that are none, into bytes beyond.
func digitRun(w uint64) int {
	w ^= 0x3030303030303030
	return bits.TrailingZeros64((w+0x7676767676767676|w)&0x8080808080808080) >> 3
}

// scanDigits reads a run of digits; more than 19 of them wrap around.
func scanDigits(b []byte, i int) (m uint64, end int) {
	w := binary.LittleEndian.Uint64(b[i:])
	n := digitRun(w)
	if n < 8 {
		if n == 0 {
			return 0, i
		}
		return valueOf(w << (64 - 8*n&63)), i + n
	}
	m = valueOf(w)
	for i += 8; ; i++ {
		d := b[i] - '0'
		if d > 9 {
			return m, i
		}
		m = m*10 + uint64(d)
	}
}

// valueOf is the number whose eight digits are the bytes of w, the lowest
// byte first. Zero bytes count as zeros, so that w<<(64-8*n) gives the value
// of its first n digits.
func valueOf(w uint64) uint64 {
	w = (w & 0x0F0F0F0F0F0F0F0F) * (10<<8 + 1) >> 8
	w = (w & 0x00FF00FF00FF00FF) * (100<<16 + 1) >> 16
	return (w & 0x0000FFFF0000FFFF) * (10000<<32 + 1) >> 32
}

// significant counts digits from the first that is not zero.
func significant(digits []byte) int {
	n := 0
	for _, c := range digits {
		if c != '.' && (n > 0 || c != '0') {
			n++
		}
	}
	return n
}

func scanExponent(b []byte, i int) (e, end int, ok bool) {
	neg := b[i] == '-'
	if neg || b[i] == '+' {
		i++
	}
	first := i
	for {
		d := b[i] - '0'
		if d > 9 {
			break
		}
		if e = e*10 + int(d); e > 1<<20 {
			e = 1 << 40 // no mantissa makes up for it: scale leaves it to strconv
		}
		i++
	}
	if neg {
		e = -e
	}
	return e, i, i > first
}

var exactPow10 = [...]float64{
	1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11,
	1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
}

// scale returns m·10^exp correctly rounded, or false where it would take
// more than 128 bits to tell, or the result is not a normal number.
func scale(m uint64, exp int) (float64, bool) {
	if m < 1<<53 {
		if exp <= 0 && exp >= -22 {
			return float64(m) / exactPow10[-exp], true
		}
		if exp > 0 && exp <= 22 {
			return float64(m) * exactPow10[exp], true
		}
		if m == 0 {
			return 0, true
		}
	}
	if exp < minPow10 || exp > maxPow10 {
		return 0, false
	}
	zeros := bits.LeadingZeros64(m)
	m <<= zeros
	power := &pow10[exp-minPow10]
	hi, lo := bits.Mul64(m, power[0])
	// The table is short of the power by less than one unit of its last
	// place, so hi,lo is short by less than m. Only if the nine bits below
	// the result are all ones can that carry into it.
	if hi&0x1FF == 0x1FF && lo+m < m {
		hi2, lo2 := bits.Mul64(m, power[1])
		var carry uint64
		lo, carry = bits.Add64(lo, hi2, 0)
		hi += carry
		if hi&0x1FF == 0x1FF && lo == math.MaxUint64 && lo2+m < m {
			return 0, false
		}
	}
	top := int(hi >> 63)
	mant := hi >> (top + 9) // 54 bits
	if lo == 0 && hi&0x1FF == 0 && mant&3 == 1 {
		return 0, false // half-way, as far as the bits at hand can tell
	}
	// 217706/2^16 is log2(10), close enough for every exponent here.
	e := (217706*exp)>>16 + 64 + 1023 - zeros - (1 - top)
	mant = (mant + mant&1) >> 1
	if mant == 1<<53 {
		mant >>= 1
		e++
	}
	if e < 1 || e > 2046 {
		return 0, false
	}
	return math.Float64frombits(uint64(e)<<52 | mant&(1<<52-1)), true
}

// scanFloatSlow takes what the fast path declines: words, more than 19
// digits, results that are not normal numbers, and nonsense.
func scanFloatSlow(b []byte, start int) (float64, int, outcome) {
	end := start
	for isWordByte(b[end]) {
		end++
	}
	token := b[start:end]
	if v, ok := specialWord(token); ok {
		return v, end, numSpecial
	}
	end = start + decimalLength(token)
	if end == start {
		return 0, start, numBad
	}
	text := make([]byte, end-start)
	for k, c := range b[start:end] {
		if c|0x20 == 'd' {
			c = 'e'
		}
		text[k] = c
	}
	v, err := strconv.ParseFloat(string(text), 64)
	switch {
	case err == nil:
		return v, end, numOK
	case errors.Is(err, strconv.ErrRange):
		return v, end, numRange
	}
	return 0, start, numBad
}

func isWordByte(c byte) bool {
	return c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z' || c == '.' || c == '+' || c == '-' || c == '_'
}

func specialWord(token []byte) (float64, bool) {
	sign := 1
	if len(token) > 0 && (token[0] == '-' || token[0] == '+') {
		if token[0] == '-' {
			sign = -1
		}
		token = token[1:]
	}
	if len(token) != 3 {
		return 0, false
	}
	switch [3]byte{token[0] | 0x20, token[1] | 0x20, token[2] | 0x20} {
	case [3]byte{'i', 'n', 'f'}:
		return math.Inf(sign), true
	case [3]byte{'n', 'a', 'n'}:
		return math.NaN(), true
	}
	return 0, false
}

// decimalLength is the length of the longest decimal number that t begins
// with; 0 = none.
func decimalLength(t []byte) int {
	i := 0
	at := func() byte {
		if i < len(t) {
			return t[i]
		}
		return 0
	}
	run := func() (n int) {
		for ; at() >= '0' && at() <= '9'; i++ {
			n++
		}
		return n
	}
	if at() == '-' || at() == '+' {
		i++
	}
	digits := run()
	if at() == '.' {
		i++
		digits += run()
	}
	if digits == 0 {
		return 0
	}
	if c := at() | 0x20; c == 'e' || c == 'd' {
		i++
		if at() == '-' || at() == '+' {
			i++
		}
		if run() == 0 {
			return 0
		}
	}
	return i
}

// scanIndex reads a whole number without sign. Numbers beyond 2⁶³ come out
// as math.MaxInt64.
func scanIndex(b []byte, i int) (int64, int) {
	m, end := scanDigits(b, i)
	if end-i > 18 && significant(b[i:end]) > 18 {
		return math.MaxInt64, end
	}
	return int64(m), end
}
