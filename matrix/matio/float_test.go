package matio

import (
	"errors"
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
)

// scan is scanFloat of s alone, with the check of the end that callers make.
func scan(s string) (float64, outcome) { return parseNumber(s) }

func TestScanFloat(t *testing.T) {
	for _, c := range []struct {
		in   string
		want float64
	}{
		{"0", 0}, {"-0", math.Copysign(0, -1)}, {"+1", 1}, {"5.", 5}, {".5", 0.5}, {"-.5e1", -5},
		{"1e-324", 0}, {"4.9e-324", 4.9e-324}, {"2.2250738585072011e-308", 2.2250738585072011e-308},
		{"2.2250738585072014e-308", 2.2250738585072014e-308}, {"1.7976931348623157e308", math.MaxFloat64},
		{"9007199254740993", 9007199254740992}, {"9007199254740992.99999999999999999999", 9007199254740992},
		{"12345678901234567890123", 12345678901234567890123}, {"0.000000000000000000000000123456789", 1.23456789e-25},
		{"1e0000000000000000000000000000005", 1e5}, {"1e-99999999999999999999", 0}, {"0e99999999999999999999", 0},
		{"1.5D+02", 150}, {"1.5d2", 150}, {"123456789012345678901D-2", 1234567890123456789.01},
		{"inf", math.Inf(1)}, {"-Inf", math.Inf(-1)}, {"+INF", math.Inf(1)},
	} {
		got, out := scan(c.in)
		if (out != numOK) != math.IsInf(c.want, 0) || math.Float64bits(got) != math.Float64bits(c.want) {
			t.Errorf("%q: %v (outcome %d), want %v", c.in, got, out, c.want)
		}
	}
	for _, s := range []string{"", "-", "+", ".", "e5", "1e", "1e+", "--1", "1_000", "0x1p3", "0x10", "infinity",
		"-infinity", "nanny", "1.2.3", "1e5.5", "1,5", "1 ", " 1", "in", "\x00", "١", "1.5+02"} {
		if v, out := scan(s); out != numBad {
			t.Errorf("%q: %v (outcome %d), want refusal", s, v, out)
		}
	}
	for _, s := range []string{"1e309", "-1.8e308", "1E9999", "1e99999999999999999999"} {
		if v, out := scan(s); out != numRange {
			t.Errorf("%q: %v (outcome %d), want out of range", s, v, out)
		}
	}
	if v, out := scan("-NaN"); out != numSpecial || !math.IsNaN(v) {
		t.Errorf("-NaN: %v (outcome %d)", v, out)
	}
}

// likeStrconv compares with strconv on a token that is a decimal number.
func likeStrconv(t *testing.T, s string) {
	t.Helper()
	want, err := strconv.ParseFloat(s, 64)
	got, out := scan(s)
	if errors.Is(err, strconv.ErrRange) {
		if out != numRange {
			t.Fatalf("%q: %v (outcome %d), want out of range", s, got, out)
		}
		return
	}
	if err != nil || out != numOK || math.Float64bits(got) != math.Float64bits(want) {
		t.Fatalf("%q: %v (outcome %d), strconv %v, %v", s, got, out, want, err)
	}
}

func TestScanFloatLikeStrconv(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	n := 300_000
	if testing.Short() {
		n = 30_000
	}
	for range n {
		v := math.Float64frombits(r.Uint64())
		if v-v != 0 {
			continue
		}
		likeStrconv(t, strconv.FormatFloat(v, "eg"[r.IntN(2)], -1, 64))
		likeStrconv(t, strconv.FormatFloat(v, 'e', r.IntN(24), 64))
		likeStrconv(t, strconv.FormatFloat(r.NormFloat64(), 'f', r.IntN(22), 64))
		likeStrconv(t, fmt.Sprintf("%de%d", r.Uint64()>>r.IntN(64), r.IntN(700)-350))
		likeStrconv(t, halfway(r))
	}
}

// halfway is the exact decimal expansion of the middle between two
// neighbouring doubles, or its first 19 digits: the hardest to round.
func halfway(r *rand.Rand) string {
	m := int64(r.Uint64()>>11|1<<52)<<1 + 1 // one bit more than a double has
	v := new(big.Float).SetMantExp(new(big.Float).SetInt64(m), r.IntN(80)-60)
	if r.IntN(2) == 0 {
		return v.Text('e', 18)
	}
	return v.Text('g', 60)
}

func FuzzParseFloat(f *testing.F) {
	for _, s := range []string{"1", "-1.5e10", "0.1", "1D5", "1e309", "inf", "nan", "0x1p3", "1_0",
		"9007199254740993", "2.2250738585072011e-308", "00000000000000000000001.5", "123456789012345678901234567890e-30"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if strings.ContainsRune(s, '\n') {
			return
		}
		got, out := scan(s)
		plain := s
		if strings.Trim(s, "0123456789+-.eEdD") == "" {
			plain = strings.NewReplacer("d", "e", "D", "e").Replace(s)
		}
		want, err := strconv.ParseFloat(plain, 64)
		forbidden := strings.ContainsAny(s, "_xXpP") || strings.EqualFold(strings.TrimLeft(s, "+-"), "infinity")
		switch {
		case errors.Is(err, strconv.ErrRange) && !forbidden:
			if out != numRange {
				t.Fatalf("%q: outcome %d, want out of range", s, out)
			}
		case err != nil || forbidden:
			signedNaN := strings.EqualFold(s, "-nan") || strings.EqualFold(s, "+nan")
			if out != numBad && !signedNaN {
				t.Fatalf("%q: %v (outcome %d), strconv: %v", s, got, out, err)
			}
		case math.IsNaN(want):
			if !math.IsNaN(got) || out != numSpecial {
				t.Fatalf("%q: %v (outcome %d)", s, got, out)
			}
		case math.Float64bits(got) != math.Float64bits(want) || (out == numSpecial) != math.IsInf(want, 0):
			t.Fatalf("%q: %v (outcome %d), strconv %v", s, got, out, want)
		}
	})
}
