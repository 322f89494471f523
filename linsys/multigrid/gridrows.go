package multigrid

import (
	"context"

	"solve/internal/kern"
	"solve/internal/par"
	"solve/matrix"
)

// stretches are the rows of a matrix, cut where one differs from its
// predecessor: within a stretch each row is that before it moved by one
// column, with the same values. Rows along a line of cells without anything
// beside them make one stretch, so that what is the same for all of them is
// looked at once. Stretches also end with each chunk of rowChunk rows.
type stretches struct {
	n     int
	heads [][]int32 // first rows, by chunk
}

// maxEntries is the number of entries that a row of a grid may have.
const maxEntries = 7

// findStretches cuts the rows, and refuses those with too many entries.
func findStretches(ctx context.Context, a *matrix.CSR, threads int) (*stretches, error) {
	s := &stretches{n: a.Rows, heads: make([][]int32, par.Chunks(a.Rows, rowChunk))}
	err := forRowChunks(ctx, threads, a.Rows, func(lo, hi int) error {
		heads := make([]int32, 0, rowChunk/16)
		for i := lo; i < hi; {
			from, width := a.RowPtr[i], a.RowPtr[i+1]-a.RowPtr[i]
			if width > maxEntries {
				return refuse("row %d has %d entries; a cell has at most 6 neighbours", i+1, width)
			}
			end := i + 1
			for end < hi && a.RowPtr[end+1]-a.RowPtr[end] == width {
				end++
			}
			if width == 0 {
				for ; i < end; i++ {
					heads = append(heads, int32(i))
				}
				continue
			}
			for to := a.RowPtr[end]; i < end; {
				heads = append(heads, int32(i))
				same := 1 + int64(kern.Repeats(a.Col[from:to], a.Val[from:to], int(width)))/width
				i += int(same)
				from += same * width
			}
		}
		s.heads[lo/rowChunk] = heads
		return nil
	})
	return s, err
}

// each calls fn for the stretches of chunk c in order, until it fails.
func (s *stretches) each(c int, fn func(lo, hi int) error) error {
	heads := s.heads[c]
	_, end := par.Bounds(c, s.n, rowChunk)
	for k, lo := range heads {
		hi := end
		if k+1 < len(heads) {
			hi = int(heads[k+1])
		}
		if err := fn(int(lo), hi); err != nil {
			return err
		}
	}
	return nil
}

// alike returns how many of the next most rows, each of which repeats that
// before it, have the code of row i: as far as the line of cells goes, and the
// neighbours are moved by one cell as well.
func (b *gridBuilder) alike(i, c, most int, forward uint8) int {
	most = min(most, b.side[2]-c%b.side[2])
	if forward&kern.CodeZ != 0 {
		most-- // not the last cell of the line
	}
	if most <= 1 {
		return 1
	}
	if cell := b.g.cell; cell != nil {
		for _, j := range b.a.Col[b.a.RowPtr[i]:b.a.RowPtr[i+1]] {
			if int(cell[int(j)+most-1]-cell[j]) != most-1 {
				return 1
			}
		}
	}
	return most
}

func fill(v []uint8, value uint8) {
	for k := range v {
		v[k] = value
	}
}
