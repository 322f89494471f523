package constrained

import "context"

// The rule of accuracy of AdaSketch-Newton (galm.go), carried over to φ: the residual is
// at most κ‖b‖₁, and while the model is not reduced enough, μ is raised and κ lowered,
// for good.
const (
	firstKappa = 0.1
	muGrowth   = 1.5 // ν; κ is divided by its square
)

type l1Accuracy struct{ kappa float64 }

func (t *l1Accuracy) begin(*l1Run) { t.kappa = firstKappa }

func (t *l1Accuracy) direction(ctx context.Context, r *l1Run) error {
	size := norm1(r.b)
	for {
		for norm1(r.gmres.r) > t.kappa*size {
			more, err := r.improve(ctx)
			if err != nil {
				return err
			}
			if !more {
				break
			}
		}
		if excess, _ := r.modelReduction(); excess >= 0 || r.mu > l1Most {
			return nil
		}
		r.mu *= muGrowth
		t.kappa /= muGrowth * muGrowth
	}
}
