package nl

import (
	"bytes"
	"encoding/binary"
	"strconv"
	"strings"

	"solve/solver"
)

// Header is what the ten lines at the head of a file say, as far as it concerns
// a smooth program.
type Header struct {
	Binary  bool
	Title   string    // of the problem, from the comment of the first line
	Options []int     // option words, which go back in the answer
	VBTol   []float64 // the one real option that some files have; nil without

	Variables, Constraints, Objectives int
	Ranges, Equations                  int
	NonlinearConstraints               int
	NonlinearObjectives                int
	// NonlinearVariables counts those of constraints, of objectives and of both, as
	// the order of the variables has them.
	NonlinearVariables [3]int
	Flags              int    // 1 = the answer may carry suffixes
	Integers           [5]int // binary, other integer, nonlinear ones in both, in constraints, in objectives
	Defined            [5]int // defined variables of both, constraints, objectives, one constraint, one objective
}

func (h *Header) integers() (n int) {
	for _, k := range h.Integers {
		n += k
	}
	return n
}

func (h *Header) defined() (n int) {
	for _, k := range h.Defined {
		n += k
	}
	return n
}

// readHeader reads the ten lines and makes the scanner ready for what follows.
func (s *scanner) readHeader() *Header {
	h := &Header{}
	s.firstLine(h)
	sizes := s.headerLine("sizes", 3)
	h.Variables, h.Constraints, h.Objectives, h.Ranges, h.Equations = sizes[0], sizes[1], sizes[2], sizes[3], sizes[4]
	s.refuse(sizes[5], "logical constraints")

	nonlinear := s.headerLine("nonlinear constraints and objectives", 2)
	h.NonlinearConstraints, h.NonlinearObjectives = nonlinear[0], nonlinear[1]
	s.refuse(max(nonlinear[2], nonlinear[3]), "complementarity conditions")

	network := s.headerLine("network constraints", 2)
	s.refuse(max(network[0], network[1]), "network constraints")

	copy(h.NonlinearVariables[:], s.headerLine("nonlinear variables", 2))
	arcs := s.headerLine("functions and arithmetic", 2)
	s.refuse(arcs[0], "network variables")
	kind := arcs[2]
	h.Flags = arcs[3]

	copy(h.Integers[:], s.headerLine("integer variables", 2))
	s.headerLine("nonzeros", 2)
	s.headerLine("lengths of names", 2)
	copy(h.Defined[:], s.headerLine("defined variables", 5))

	if s.err == nil && h.Variables == 0 {
		s.fail(solver.ErrInput, "the model has no variables")
	}
	if h.Binary && s.err == nil {
		switch kind {
		case 0, 1:
			s.order = binary.LittleEndian
		case 2:
			s.order = binary.BigEndian
		default:
			s.fail(solver.ErrUnsupported, "arithmetic of kind %d", kind)
		}
	}
	return h
}

// firstLine reads the kind of the file, the option words and the title.
func (s *scanner) firstLine(h *Header) {
	if !s.advance() {
		s.fail(solver.ErrFormat, "the file is empty")
		return
	}
	first := byte(0)
	if len(s.rest) > 0 {
		first = s.rest[0]
	}
	switch first {
	case 'g', 'G':
	case 'b', 'B':
		h.Binary = true
	case 'z', 'Z', 'h', 'H', 'E':
		s.fail(solver.ErrUnsupported, "a file of kind %q, want g (text) or b (binary)", first)
		return
	default:
		s.fail(solver.ErrFormat, "not an .nl file: it starts with %q, want g (text) or b (binary)", clip(s.rest))
		return
	}
	s.rest = s.rest[1:]
	if _, title, found := bytes.Cut(s.rest, []byte("# problem ")); found {
		h.Title = strings.TrimSpace(string(title))
	}
	words := 0
	if len(s.rest) > 0 && s.rest[0] >= '0' && s.rest[0] <= '9' {
		words = s.integer("number of option words")
	}
	if words > 9 {
		s.fail(solver.ErrFormat, "%d option words, at most 9 are allowed", words)
		return
	}
	for range words {
		word := s.field()
		if len(word) == 0 {
			break
		}
		v, ok := parseInt(word)
		if !ok {
			s.fail(solver.ErrFormat, "option word: %q is not an integer", clip(word))
			return
		}
		h.Options = append(h.Options, v)
	}
	if len(h.Options) > 1 && h.Options[1] == 3 {
		tol, err := strconv.ParseFloat(string(s.field()), 64)
		if err != nil {
			tol = 0
		}
		h.VBTol = []float64{tol}
	}
}

// headerLine reads up to six counts, at least so many of them; those that are
// missing are 0.
func (s *scanner) headerLine(what string, least int) []int {
	counts := make([]int, 6)
	if !s.advance() {
		s.fail(solver.ErrFormat, "the file ends where the header should give %s", what)
		return counts
	}
	for k := range counts {
		word := s.field()
		if len(word) == 0 {
			if k < least {
				s.fail(solver.ErrFormat, "%s: %d numbers, want at least %d", what, k, least)
			}
			break
		}
		v, ok := parseInt(word)
		if !ok || v < 0 {
			if k >= least {
				break
			}
			s.fail(solver.ErrFormat, "%s: %q is not a count", what, clip(word))
			break
		}
		counts[k] = v
	}
	return counts
}

func (s *scanner) refuse(count int, what string) {
	if s.err == nil && count > 0 {
		s.fail(solver.ErrUnsupported, "%d %s", count, what)
	}
}
