package problems

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"sort"

	"solve/internal/rng"
	"solve/matrix"
	"solve/solver"
)

// correlatedGenerator is linear regression on correlated features. The rows
// of A are stationary first-order autoregressions of correlation ρ^|i−j|
// between features i and j (stream 1 of the seed, row by row):
//
//	A_i1 = z_i1,   A_ij = ρ A_i,j−1 + √(1−ρ²) z_ij.
//
// The true w has its k non-zeros at the first k entries of a permutation of
// the features (stream 2), each N(0,1) (stream 3, in that order), and
// y = Aw + e with e normal (stream 4), scaled so that ‖Aw‖/‖e‖ = snr.
func correlatedGenerator() Generator {
	return generator(Generator{
		Name:    "correlated",
		Summary: "linear regression on correlated features: dense A, y, and the sparse w behind it",
		Area:    "bcd",
		Params: []Param{
			{"n", "int", "200", "samples"},
			{"p", "int", "1000", "features"},
			{"rho", "float", "0.6", "correlation of neighbouring features, below 1"},
			{"k", "int", "50", "non-zeros of w, at most p"},
			{"snr", "float", "5", "‖Aw‖/‖noise‖; 0 = no noise"},
		},
	}, func(v Values, seed uint64, maxMemory int64) (*Instance, error) {
		s, errSize := regressionSize(v)
		rho, errRho := v.Float("rho", 0)
		if errRho == nil && rho >= 1 {
			errRho = &solver.OptionError{Name: "rho", Value: v["rho"], Want: "a number below 1"}
		}
		if err := cmp.Or(errSize, errRho); err != nil {
			return nil, err
		}
		n, p := float64(s.n), float64(s.p)
		if err := fits("the instance", n*p+3*n+2*p, maxMemory); err != nil {
			return nil, err
		}
		a, err := autoregressions(s.n, s.p, rho, rng.NewStream(seed, 1))
		if err != nil {
			return nil, err
		}
		w := s.truth(rng.NewStream(seed, 2).Perm(s.p)[:s.k], rng.NewStream(seed, 3))
		y := make([]float64, s.n)
		for i := range y {
			for j, x := range a.Row(i) {
				y[i] += float64(x * w[j])
			}
		}
		s.addNoise(y, rng.NewStream(seed, 4))
		return s.instance(NamedData{Name: "A", Dense: a}, y, w), nil
	})
}

func autoregressions(n, p int, rho float64, s *rng.Stream) (*matrix.Dense, error) {
	a, err := matrix.NewDense(n, p, nil)
	if err != nil {
		return nil, err
	}
	fresh := math.Sqrt((1 - rho) * (1 + rho))
	for i := range n {
		row := a.Row(i)
		row[0] = s.Normal()
		for j := 1; j < p; j++ {
			row[j] = float64(rho*row[j-1]) + float64(fresh*s.Normal())
		}
	}
	return a, nil
}

// tfidfGenerator is linear regression on a term-document matrix. Terms are
// drawn with probability ∝ 1/j for term j (Zipf's law; one uniform each) from
// stream 1, row by row, until the document has nnz distinct ones. The entry
// of a term that came c times, and that df of the n documents have, is
//
//	(1 + ln c)(1 + ln((1+n)/(1+df))),
//
// and rows are scaled to unit norm. The true w has its k non-zeros at the
// first k distinct terms of stream 2 (drawn in the same way), each N(0,1)
// (stream 3, in that order); y = Aw + e as for correlatedGenerator.
func tfidfGenerator() Generator {
	return generator(Generator{
		Name:    "tfidf",
		Summary: "linear regression on term frequencies of documents: sparse A, y, and the sparse w behind it",
		Area:    "bcd",
		Params: []Param{
			{"n", "int", "2000", "documents"},
			{"p", "int", "5000", "terms"},
			{"nnz", "int", "75", "terms in a document, at most p/2"},
			{"k", "int", "100", "non-zeros of w, at most p/2"},
			{"snr", "float", "5", "‖Aw‖/‖noise‖; 0 = no noise"},
		},
	}, func(v Values, seed uint64, maxMemory int64) (*Instance, error) {
		s, err := regressionSize(v)
		if err != nil {
			return nil, err
		}
		// Beyond one half the last few distinct terms may take forever.
		nnz, errNNZ := v.Int("nnz", 1, max(1, s.p/2))
		_, errK := v.Int("k", 1, max(1, s.p/2))
		if err := cmp.Or(errNNZ, errK); err != nil {
			return nil, err
		}
		n, p := float64(s.n), float64(s.p)
		if err := fits("the instance", 1.5*n*float64(nnz)+4*n+4*p, maxMemory); err != nil {
			return nil, err
		}
		terms := newZipf(s.p)
		a, err := termDocument(s.n, nnz, terms, rng.NewStream(seed, 1))
		if err != nil {
			return nil, err
		}
		w := s.truth(terms.distinct(s.k, rng.NewStream(seed, 2)), rng.NewStream(seed, 3))
		y := make([]float64, s.n)
		for i := range y {
			col, val := a.Row(i)
			for t, j := range col {
				y[i] += float64(val[t] * w[j])
			}
		}
		s.addNoise(y, rng.NewStream(seed, 4))
		return s.instance(NamedData{Name: "A", Sparse: a}, y, w), nil
	})
}

// termDocument is the n×p matrix of tfidfGenerator.
func termDocument(n, nnz int, terms *zipf, s *rng.Stream) (*matrix.CSR, error) {
	p := len(terms.upTo)
	rowPtr := make([]int64, n+1)
	col := make([]int32, 0, n*nnz)
	val := make([]float64, 0, n*nnz)
	documents := make([]float64, p)
	count := make([]float64, p)
	for i := range n {
		start := len(col)
		for len(col)-start < nnz {
			j := terms.draw(s)
			if count[j] == 0 {
				col = append(col, int32(j))
			}
			count[j]++
		}
		slices.Sort(col[start:])
		for _, j := range col[start:] {
			val = append(val, count[j])
			documents[j]++
			count[j] = 0
		}
		rowPtr[i+1] = int64(len(col))
	}
	a, err := matrix.NewCSR(n, p, rowPtr, col, val)
	if err != nil {
		return nil, err
	}
	for i := range n {
		col, val := a.Row(i)
		sum := 0.0
		for t, j := range col {
			val[t] = (1 + math.Log(val[t])) * (1 + math.Log((1+float64(n))/(1+documents[j])))
			sum += float64(val[t] * val[t])
		}
		norm := math.Sqrt(sum)
		for t := range val {
			val[t] /= norm
		}
	}
	return a, nil
}

// zipf draws j of 0…p−1 with probability ∝ 1/(j+1), by inversion.
type zipf struct{ upTo []float64 } // upTo[j] = Σ_{i≤j} 1/(i+1)

func newZipf(p int) *zipf {
	z := &zipf{make([]float64, p)}
	sum := 0.0
	for j := range z.upTo {
		sum += 1 / float64(j+1)
		z.upTo[j] = sum
	}
	return z
}

func (z *zipf) draw(s *rng.Stream) int {
	last := len(z.upTo) - 1
	u := s.Float64() * z.upTo[last]
	return min(sort.Search(last, func(j int) bool { return z.upTo[j] > u }), last)
}

// distinct draws until there are k different numbers, in the order of their
// first appearance.
func (z *zipf) distinct(k int, s *rng.Stream) []int {
	seen := map[int]bool{}
	out := make([]int, 0, k)
	for len(out) < k {
		if j := z.draw(s); !seen[j] {
			seen[j] = true
			out = append(out, j)
		}
	}
	return out
}

// regression is the size of a regression problem: n samples, p features, k
// non-zeros of the true w, and the ratio of signal to noise.
type regression struct {
	n, p, k int
	snr     float64
}

func regressionSize(v Values) (regression, error) {
	n, errN := v.Int("n", 1, math.MaxInt32)
	p, errP := v.Int("p", 1, math.MaxInt32)
	if err := cmp.Or(errN, errP); err != nil {
		return regression{}, err
	}
	k, errK := v.Int("k", 1, p)
	snr, errSNR := v.Float("snr", 0)
	if errSNR == nil && snr > 0 && snr < 1e-9 {
		errSNR = &solver.OptionError{Name: "snr", Value: v["snr"], Want: "0 or a number of at least 1e-9"}
	}
	return regression{n, p, k, snr}, cmp.Or(errK, errSNR)
}

// truth is w: a normal number for each feature of the support.
func (r regression) truth(support []int, s *rng.Stream) []float64 {
	w := make([]float64, r.p)
	for _, j := range support {
		w[j] = s.Normal()
	}
	return w
}

// addNoise adds normal noise of norm ‖y‖/snr.
func (r regression) addNoise(y []float64, s *rng.Stream) {
	if r.snr == 0 {
		return
	}
	noise, signal, total := make([]float64, len(y)), 0.0, 0.0
	for i, v := range y {
		noise[i] = s.Normal()
		signal += float64(v * v)
		total += float64(noise[i] * noise[i])
	}
	scale := math.Sqrt(signal/total) / r.snr
	for i := range y {
		y[i] += float64(scale * noise[i])
	}
}

func (r regression) instance(a NamedData, y, w []float64) *Instance {
	return &Instance{
		Files: []NamedData{a, {Name: "y", Dense: column(y)}, {Name: "w", Dense: column(w)}},
		Notes: []string{fmt.Sprintf("%d samples of %d features, %d of them with a weight", r.n, r.p, r.k)},
	}
}
