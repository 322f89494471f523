package loss

import (
	"math/rand/v2"
	"testing"
)

// sink keeps results alive.
var sink float64

func perSample(b *testing.B, name string, n int, f func()) {
	b.Run(name, func(b *testing.B) {
		for b.Loop() {
			f()
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/sample")
	})
}

func BenchmarkLoss(b *testing.B) {
	const n = 8192
	r := rand.New(rand.NewPCG(1, 1))
	eta, y, w, grad, hess := make([]float64, n), make([]float64, n), make([]float64, n), make([]float64, n), make([]float64, n)
	for _, s := range samples() {
		for i := range eta {
			eta[i], y[i], w[i] = 2*r.NormFloat64(), s.target(r), 1
		}
		name := s.loss.Name()
		perSample(b, name+"/value", n, func() { sink = s.loss.Value(eta, y, w) })
		perSample(b, name+"/derivatives", n, func() { sink = s.loss.Derivatives(eta, y, w, grad, hess) })
		perSample(b, name+"/conjugate", n, func() { sink = s.loss.Conjugate(grad, y, w) })
	}
}

func BenchmarkSoftmax(b *testing.B) {
	for _, k := range []int{3, 10, 100} {
		s, n := Softmax{k}, 8192/k
		eta, class, _ := drawSoftmax(rand.New(rand.NewPCG(1, 1)), n, k, 2)
		grad := make([]float64, n*k)
		perSample(b, "value", n*k, func() { sink = s.Value(eta, class, nil) })
		perSample(b, "derivatives", n*k, func() { sink = s.Derivatives(eta, class, nil, grad, nil) })
	}
}
