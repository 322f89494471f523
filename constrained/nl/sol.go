package nl

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"solve/solver"
)

// Codes of answers: the first of each hundred.
const (
	CodeSolved     = 0
	CodeAcceptable = 100 // solved, perhaps
	CodeInfeasible = 200
	CodeUnbounded  = 300
	CodeLimit      = 400
	CodeFailure    = 500
)

// WriteSol writes an answer as a text .sol file: message, multipliers y of the
// constraints (of the Lagrangian f + yᵀc of Problem, length M), values x (length
// N), and the code that says how the solver ended. Without any, y or x may be
// nil. The file has the derivative of the model's objective by the limits of the
// constraints instead of y: −y, or y where the model maximises.
func (m *Model) WriteSol(w io.Writer, message string, y, x []float64, code int) error {
	h := &m.Header
	if y != nil && len(y) != h.Constraints || x != nil && len(x) != h.Variables {
		return fmt.Errorf("nl: answer of %d multipliers and %d values for %d constraints and %d variables: %w",
			len(y), len(x), h.Constraints, h.Variables, solver.ErrDimension)
	}
	out := bufio.NewWriter(w)
	writeMessage(out, message)
	if k := len(h.Options); k > 0 {
		shown := k
		if h.VBTol != nil {
			shown += 2 // readers take the two off again when they see option 3
		}
		fmt.Fprintf(out, "Options\n%d\n", shown)
		for _, o := range h.Options {
			fmt.Fprintln(out, o)
		}
		fmt.Fprintf(out, "%d\n%d\n%d\n%d\n", h.Constraints, len(y), h.Variables, len(x))
		for _, tol := range h.VBTol {
			fmt.Fprintln(out, tol)
		}
	}
	for _, v := range y {
		fmt.Fprintln(out, m.dual(v))
	}
	for _, v := range x {
		fmt.Fprintln(out, v)
	}
	fmt.Fprintf(out, "objno 0 %d\n", code)
	if err := out.Flush(); err != nil {
		return fmt.Errorf("nl: %w", err)
	}
	return nil
}

// writeMessage writes the lines of the message and the empty line that ends it.
// A line that readers would take for another part is changed.
func writeMessage(out *bufio.Writer, message string) {
	message = strings.TrimRight(strings.ReplaceAll(message, "\r", ""), "\n")
	if message != "" {
		for line := range strings.SplitSeq(message, "\n") {
			switch strings.TrimSpace(line) {
			case "":
				line = " "
			case "Options":
				line += ":"
			}
			fmt.Fprintln(out, line)
		}
	}
	fmt.Fprintln(out)
}
