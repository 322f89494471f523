package batch

import (
	"fmt"
	"strings"
)

// wordError is a command line that a shell would not take as one simple
// command.
type wordError struct {
	column int // from 1, in bytes
	text   string
}

func (e *wordError) Error() string { return fmt.Sprintf("column %d: %s", e.column, e.text) }

// Words splits a line as a POSIX shell splits a simple command: blanks
// separate words, '…' is literal, in "…" a backslash guards " \ $ and `,
// elsewhere any character, and # begins a comment where a word could begin.
//
// No shell runs the jobs, so what only a shell can do is refused, lest it
// silently mean something else: variables, pipes, redirections, lists.
// Patterns (* ? []) are literal, as they are in a shell without a match.
func Words(line string) ([]string, error) {
	s := splitter{line: line}
	for s.at < len(line) {
		if err := s.step(); err != nil {
			return nil, err
		}
	}
	s.end()
	return s.words, nil
}

type splitter struct {
	line   string
	at     int
	words  []string
	word   strings.Builder
	inWord bool
}

func (s *splitter) end() {
	if s.inWord {
		s.words = append(s.words, s.word.String())
	}
	s.word.Reset()
	s.inWord = false
}

// step takes a character, or a quoted string, outside quotes.
func (s *splitter) step() error {
	c := s.line[s.at]
	switch {
	case c == ' ' || c == '\t':
		s.end()
	case c == '#' && !s.inWord:
		s.at = len(s.line)
		return nil
	case c == '\'':
		return s.single()
	case c == '"':
		return s.double()
	case c == '\\':
		if s.at+1 == len(s.line) {
			return s.refuse(s.at, "the line ends in a backslash: a job is one line")
		}
		s.at++
		s.take(s.line[s.at])
	case strings.IndexByte("|&;<>()", c) >= 0:
		return s.refuse(s.at, fmt.Sprintf("%q means something to a shell, but no shell runs the jobs: quote it, or use -o for what a job writes", c))
	case c == '$' || c == '`':
		return s.refuse(s.at, fmt.Sprintf("%q is not expanded: put it in single quotes, or write out what it stands for", c))
	case c == '~' && !s.inWord:
		return s.refuse(s.at, "~ is not expanded: write the path out")
	case c == 0:
		return s.refuse(s.at, "a NUL byte cannot be part of a command line")
	default:
		s.take(c)
	}
	s.at++
	return nil
}

func (s *splitter) take(c byte) {
	s.word.WriteByte(c)
	s.inWord = true
}

func (s *splitter) refuse(at int, text string) error { return &wordError{at + 1, text} }

func (s *splitter) single() error {
	n := strings.IndexByte(s.line[s.at+1:], '\'')
	if n < 0 {
		return s.refuse(s.at, "this ' is not closed")
	}
	s.word.WriteString(s.line[s.at+1 : s.at+1+n])
	s.inWord = true
	s.at += n + 2
	return nil
}

func (s *splitter) double() error {
	open := s.at
	s.inWord = true
	for s.at++; s.at < len(s.line); s.at++ {
		switch c := s.line[s.at]; c {
		case '"':
			s.at++
			return nil
		case '$', '`':
			return s.refuse(s.at, fmt.Sprintf("%q is not expanded: put it in single quotes, or write out what it stands for", c))
		case '\\':
			if s.at+1 < len(s.line) && strings.IndexByte("\"\\$`", s.line[s.at+1]) >= 0 {
				s.at++
			}
			s.word.WriteByte(s.line[s.at])
		default:
			s.word.WriteByte(c)
		}
	}
	return s.refuse(open, `this " is not closed`)
}

// Quote joins words into a line that Words, and a shell, split into the same
// words.
func Quote(words []string) string {
	quoted := make([]string, len(words))
	for k, w := range words {
		quoted[k] = w
		if w == "" || strings.ContainsFunc(w, needsQuotes) {
			quoted[k] = "'" + strings.ReplaceAll(w, "'", `'\''`) + "'"
		}
	}
	return strings.Join(quoted, " ")
}

// needsQuotes tells whether a character means, or could mean, something to a
// shell.
func needsQuotes(r rune) bool {
	plain := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r >= 0x80
	return !plain && !strings.ContainsRune("-_./=:,+@%^", r)
}
