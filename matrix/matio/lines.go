package matio

import (
	"bytes"
	"fmt"
	"io"
	"unsafe"

	"solve/internal/par"
	"solve/solver"
)

// chunkSize is about how much text is parsed at a time: large against the
// cost of handing it over, small enough for its numbers to stay in cache.
const chunkSize = 512 << 10

// lineSource cuts a stream into pieces that end in a newline (but for the
// last, perhaps).
type lineSource struct {
	src   *source
	rest  []byte // read, but not handed out yet
	line  int    // lines handed out
	taken int64  // bytes handed out
	eof   bool
	limit int64 // of the length of a line
}

func newLineSource(src *source, maxMemory int64) *lineSource {
	return &lineSource{src: src, limit: maxMemory}
}

// text is one piece: buf[:n] is the text, and pad bytes follow of which the
// first is a newline.
type text struct {
	buf  []byte
	n    int
	line int // lines before it

	taken int64 // bytes of the stream up to its end
	last  bool
}

func (t *text) set(n int) {
	t.n = n
	t.buf = t.buf[:n+pad]
	t.buf[n] = '\n'
	clear(t.buf[n+1:])
}

// next fills t, reusing its buffer. It returns false at the end.
func (l *lineSource) next(t *text) (bool, error) {
	if l.eof && len(l.rest) == 0 {
		return false, nil
	}
	want := chunkSize
	if l.src.size >= 0 {
		want = int(min(int64(want), max(l.src.size-l.taken, 0)+1)) // one more, to meet the end
	}
	n := 0
	for {
		size := max(want, len(l.rest)+want/2) + pad
		if cap(t.buf) < size {
			grown := make([]byte, size)
			copy(grown, t.buf[:n])
			t.buf = grown
		}
		t.buf = t.buf[:cap(t.buf)]
		if n == 0 {
			n = copy(t.buf, l.rest)
			l.rest = l.rest[:0]
		}
		for !l.eof && n < len(t.buf)-pad {
			k, err := l.src.Read(t.buf[n : len(t.buf)-pad])
			n += k
			if err == io.EOF {
				l.eof = true
			} else if err != nil {
				return false, l.src.readError(err)
			}
		}
		cut := n
		if !l.eof {
			cut = bytes.LastIndexByte(t.buf[:n], '\n') + 1
		}
		if cut > 0 || l.eof {
			l.rest = append(l.rest[:0], t.buf[cut:n]...)
			t.line = l.line
			t.set(cut)
			l.line += bytes.Count(t.buf[:cut], newline)
			l.taken += int64(cut)
			t.taken, t.last = l.taken, l.eof && len(l.rest) == 0
			return cut > 0, nil
		}
		if want *= 2; int64(want) > l.limit {
			return false, &solver.TooLargeError{
				What: fmt.Sprintf("%s: line %d", l.src.name, l.line+1), Need: int64(want), Have: l.limit,
			}
		}
	}
}

// unread gives back the end of the text that next handed out last, from
// byte i on, which must be the start of a line.
func (l *lineSource) unread(t *text, i int) {
	l.rest = append(bytes.Clone(t.buf[i:t.n]), l.rest...)
	l.line -= bytes.Count(t.buf[i:t.n], newline)
	l.taken -= int64(t.n - i)
}

var newline = []byte{'\n'}

// fault is what a parser objects to, at a byte of its text.
type fault struct {
	off int
	col int // column to report: 0 = that of the byte, -1 = none
	msg string
}

// at turns a byte of the text into the line and column in the file.
func (t *text) at(off int) (line, col int) {
	before := t.buf[:off]
	return t.line + bytes.Count(before, newline) + 1, off - bytes.LastIndexByte(before, '\n')
}

func (t *text) syntaxError(file string, f *fault) *SyntaxError {
	line, col := t.at(f.off)
	if f.col != 0 {
		col = max(f.col, 0)
	}
	return &SyntaxError{File: file, Line: line, Col: col, Msg: f.msg}
}

// piece is a text with what was parsed from it.
type piece[T any] struct {
	text
	out      T
	fault    *fault
	panicked *par.Panic
	done     chan struct{}
	err      error // of reading, after which there is no text
}

// parseLines parses the pieces of l on several goroutines and collects the
// results on the caller's, in order. A fault of an earlier piece wins over
// any later one. parse must not keep the text; what it leaves in out is
// handed back to it later, to be reused.
func parseLines[T any](l *lineSource, threads int, parse func(*text, *T) *fault, collect func(*text, *T) error) error {
	var first piece[T]
	ok, err := l.next(&first.text)
	if err != nil || !ok {
		return err
	}
	threads = par.Threads(threads)
	if threads == 1 || first.last {
		for ok {
			if f := parse(&first.text, &first.out); f != nil {
				return first.syntaxError(l.src.name, f)
			}
			if err := collect(&first.text, &first.out); err != nil {
				return err
			}
			if ok, err = l.next(&first.text); err != nil {
				return err
			}
		}
		return nil
	}
	return parseParallel(l, threads, &first, parse, collect)
}

func parseParallel[T any](l *lineSource, threads int, first *piece[T], parse func(*text, *T) *fault, collect func(*text, *T) error) error {
	inFlight := threads + 2
	free := make(chan *piece[T], inFlight)
	work := make(chan *piece[T], inFlight)
	ordered := make(chan *piece[T], inFlight)
	stop := make(chan struct{})
	for range inFlight - 1 {
		free <- &piece[T]{done: make(chan struct{}, 1)}
	}
	first.done = make(chan struct{}, 1)
	ended := make(chan struct{}) // the reader no longer touches l
	go func() {
		defer close(ended)
		defer close(ordered)
		defer close(work)
		for p := first; ; {
			work <- p
			ordered <- p
			select {
			case p = <-free:
			case <-stop:
				return
			}
			ok, err := l.next(&p.text)
			if err != nil {
				p.err = err
				p.done <- struct{}{}
				ordered <- p
			}
			if err != nil || !ok {
				return
			}
		}
	}()
	for range threads {
		go func() {
			for p := range work {
				p.run(parse)
			}
		}()
	}
	defer func() {
		close(stop)
		<-ended
	}()
	for p := range ordered {
		<-p.done
		switch {
		case p.panicked != nil:
			panic(p.panicked)
		case p.err != nil:
			return p.err
		case p.fault != nil:
			return p.syntaxError(l.src.name, p.fault)
		}
		if err := collect(&p.text, &p.out); err != nil {
			return err
		}
		free <- p
	}
	return nil
}

func (p *piece[T]) run(parse func(*text, *T) *fault) {
	defer func() {
		if v := recover(); v != nil {
			p.panicked = par.NewPanic(v)
		}
		p.done <- struct{}{}
	}()
	p.fault = parse(&p.text, &p.out)
}

// appendGuarded appends v, parsed from t, to s, making room for what the rest of the file
// will bring if its size is known, and refusing to take more than limit
// bytes.
func appendGuarded[T any](s, v []T, src *source, t *text, limit int64) ([]T, error) {
	need := len(s) + len(v)
	if need <= cap(s) {
		return append(s, v...), nil
	}
	size := need + need/2
	if src.size >= 0 {
		share := float64(src.size) / float64(max(1, min(t.taken, src.size)))
		size = max(need, int(1.02*share*float64(need)))
	}
	if t.last {
		size = need
	}
	each := int64(unsafe.Sizeof(*new(T)))
	most := limit / each
	if int64(size) > most {
		size = need
	}
	if int64(need) > most {
		return nil, &solver.TooLargeError{What: src.name, Need: each * int64(need), Have: limit}
	}
	return append(append(make([]T, 0, size), s...), v...), nil
}
