package block

import (
	"context"

	"solve/internal/rng"
)

// selector chooses the block of iteration k = 0, 1, …: ascending variables,
// valid until the next call, and the number of the block if it is a fixed one,
// −1 otherwise.
type selector interface {
	next(k int) (block []int32, id int, err error)
}

// newSelector makes the selector of resolved options.
func newSelector(ctx context.Context, r *run) (selector, error) {
	if r.blocks != nil {
		return newFixedSelector(r), nil
	}
	switch r.opt.Partition {
	case GreedyForest:
		return newGreedyForest(ctx, r)
	case RandomForest:
		return &randomForest{newForestGrower(r.obj.(*quadratic).a), identity(r.obj.Dim()), r.stream}, nil
	}
	return newVariableSelector(ctx, r)
}

// greedyForest grows a forest from the nodes in descending order of score.
type greedyForest struct {
	f      *quadratic
	weight []float64 // nil = ones; the score is |g_i|·weight_i
	score  []float64
	sorter *descending
	grower *forestGrower
}

func newGreedyForest(ctx context.Context, r *run) (selector, error) {
	f := r.obj.(*quadratic)
	s := &greedyForest{f: f, score: make([]float64, f.Dim()), sorter: newDescending(f.Dim()), grower: newForestGrower(f.a)}
	switch r.opt.Rule {
	case GSL:
		s.weight = inverseRoots(f.Lipschitz())
	case GSD:
		rows, err := f.RowSums(ctx, r.opt.Threads)
		if err != nil {
			return nil, err
		}
		s.weight = inverseRoots(rows)
	}
	return s, nil
}

func (s *greedyForest) next(int) ([]int32, int, error) {
	for i, g := range s.f.grad {
		if g < 0 {
			g = -g
		}
		if s.weight != nil {
			g *= s.weight[i]
		}
		s.score[i] = g
	}
	return s.grower.grow(s.sorter.sort(s.score)), -1, nil
}

// randomForest grows a forest from the nodes in random order.
type randomForest struct {
	grower *forestGrower
	order  []int32
	stream *rng.Stream
}

func (s *randomForest) next(int) ([]int32, int, error) {
	return s.grower.grow(randomOrder(s.order, s.stream)), -1, nil
}
