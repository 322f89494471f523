package block

// forestUpdate minimises a sparse quadratic over a forest by message passing:
// A_bb d = −g_b. With the gradient maintained, what lies outside the
// block is not visited.
type forestUpdate struct {
	r       *run
	f       *quadratic
	scratch forest
}

func newForestUpdate(r *run) *forestUpdate {
	return &forestUpdate{r: r, f: r.obj.(*quadratic)}
}

func (u *forestUpdate) step(b []int32, id int, g, d []float64) error {
	t := u.forestOf(b, id)
	u.f.touch(int64(len(b)), 4*int64(len(b)))
	if bad := t.solve(g, d); bad >= 0 {
		return &NotPositiveDefiniteError{int(b[bad])}
	}
	return nil
}

// forestOf reads the forest, once for a fixed block.
func (u *forestUpdate) forestOf(b []int32, id int) *forest {
	if id < 0 {
		u.scratch.read(u.f.a, b, u.f.local)
		return &u.scratch
	}
	known := &u.r.known[id]
	if known.forest == nil {
		known.forest = &forest{}
		known.forest.read(u.f.a, b, u.f.local)
	}
	return known.forest
}
