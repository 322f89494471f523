package sif

import (
	"math"
	"strconv"
	"strings"
)

// card is a line of data, cut into its six fields.
type card struct {
	line             int32
	start            int // of the line in the text
	code             string
	two, three, five field
	four, six        number
}

// field is a name: text as it stands, or a pattern with indices.
type field struct {
	text    string
	pattern int32 // of an array name, from 1; 0 = text as it stands
	id      int32 // found before under this number, from 1; 0 = not looked up yet
}

// number is a numerical field.
type number struct {
	value float64
	state numberState
}

type numberState uint8

const (
	blank numberState = iota
	given
	malformed
)

// pattern is the name of an array element: a prefix, then the values of integer
// parameters, separated by commas.
type pattern struct {
	prefix string
	index  []int32
}

// columns cuts out columns from..to, counted from 1, without blanks around.
func columns(line string, from, to int) string {
	if len(line) < from {
		return ""
	}
	return strings.Trim(line[from-1:min(to, len(line))], " ")
}

// Columns of the fields.
var (
	column1 = [2]int{2, 3}
	column2 = [2]int{5, 14}
	column3 = [2]int{15, 24}
	column4 = [2]int{25, 36}
	column5 = [2]int{40, 49}
	column6 = [2]int{50, 61}
	column7 = [2]int{25, 65}
)

func cut(line string, c [2]int) string { return columns(line, c[0], c[1]) }

// fields are the six fields as text; a $ at the start of the third or fifth
// begins a remark.
func fields(line string) (f [7]string) {
	for i, c := range [][2]int{column1, column2, column3, column4, column5, column6} {
		f[i+1] = cut(line, c)
	}
	if strings.HasPrefix(f[3], "$") {
		f[3], f[4], f[5], f[6] = "", "", "", ""
	}
	if strings.HasPrefix(f[5], "$") {
		f[5], f[6] = "", ""
	}
	return f
}

func numberOf(s string) number {
	if s == "" {
		return number{}
	}
	if v, ok := parseNumber(s); ok {
		return number{v, given}
	}
	return number{state: malformed}
}

// parseNumber reads a number as Fortran does: blanks count for nothing, the
// exponent follows D or E, or its sign alone.
func parseNumber(s string) (float64, bool) {
	var b [64]byte
	out := b[:0]
	exponent := false
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case c == ' ':
			continue
		case c >= '0' && c <= '9' || c == '.':
		case c == 'D' || c == 'd' || c == 'E' || c == 'e':
			c, exponent = 'e', true
		case c == '+' || c == '-':
			if n := len(out); n > 0 && out[n-1] != 'e' {
				if exponent {
					return 0, false
				}
				out, exponent = append(out, 'e'), true
			}
		default:
			return 0, false
		}
		out = append(out, c)
	}
	v, err := strconv.ParseFloat(string(out), 64)
	if math.IsInf(v, 0) || err != nil && v != 0 {
		return 0, false
	}
	return v, err == nil || isRange(err)
}

func isRange(err error) bool {
	e, ok := err.(*strconv.NumError)
	return ok && e.Err == strconv.ErrRange
}
