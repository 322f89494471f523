package nl

import (
	"bufio"
	"fmt"
	"io"

	"solve/solver"
)

// ReadNames reads the names of the variables and of the constraints from the
// files that may accompany a model, STUB.col and STUB.row: one name a line; nil =
// no file. A .row file goes on with names of objectives, which are skipped. Names
// that are missing stay empty. Errors wrap solver.ErrFormat.
func (m *Model) ReadNames(col, row io.Reader) error {
	variables, err := readNames(col, m.Header.Variables)
	if err != nil {
		return fmt.Errorf("nl: names of variables: %w", err)
	}
	constraints, err := readNames(row, m.Header.Constraints)
	if err != nil {
		return fmt.Errorf("nl: names of constraints: %w", err)
	}
	m.Problem.VariableNames, m.Problem.ConstraintNames = variables, constraints
	return nil
}

func readNames(r io.Reader, n int) ([]string, error) {
	if r == nil {
		return nil, nil
	}
	names := make([]string, n)
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxLine)
	for i := 0; i < n && lines.Scan(); i++ {
		names[i] = lines.Text()
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("%w: %w", solver.ErrFormat, err)
	}
	return names, nil
}
