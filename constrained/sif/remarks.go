package sif

import "strings"

// Parameter is a parameter that the file lets its user choose.
type Parameter struct {
	Name, Value  string
	Line         int
	Alternatives []string // values that stand in comments
}

const parameterRemark = "$-PARAMETER"

// comment takes from a comment what people and tools have agreed to put there:
// the classification, known optimal values, and other values of parameters.
func (s *scanner) comment(raw string, line int32) {
	if _, after, ok := strings.Cut(raw, "classification"); ok && s.classification == "" {
		if words := strings.Fields(after); len(words) > 0 {
			s.classification = words[0]
		}
		return
	}
	if strings.HasPrefix(raw, "*LO SOLTN") || strings.HasPrefix(raw, "*UP SOLTN") {
		rest := strings.TrimPrefix(raw[len("*LO SOLTN"):], "(")
		if len(rest) < len(raw)-len("*LO SOLTN") {
			_, rest, _ = strings.Cut(rest, ")")
		}
		if words := strings.Fields(rest); len(words) > 0 {
			if v, ok := parseNumber(words[0]); ok {
				s.known = append(s.known, v)
			}
		}
		return
	}
	if !strings.Contains(raw, parameterRemark) {
		return
	}
	f := fields(raw)
	if isParameter[f[1]] {
		s.alternatives = append(s.alternatives, Parameter{Name: f[2], Value: f[4], Line: int(line)})
	}
}

// attach gives each parameter the values that stand in comments.
func (f *file) attach() {
	for i := range f.parameters {
		p := &f.parameters[i]
		for _, a := range f.alternatives {
			if a.Name == p.Name {
				p.Alternatives = append(p.Alternatives, a.Value)
			}
		}
	}
}
