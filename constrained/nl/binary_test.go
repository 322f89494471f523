package nl

import (
	"bytes"
	"context"
	"encoding/binary"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// toBinary turns a text file into a binary one, by the format's own rules: bytes
// for letters, int32 for integers, float64 for numbers, a length before a name.
func toBinary(t testing.TB, text string, big bool) []byte {
	t.Helper()
	lines := strings.Split(strings.ReplaceAll(text, "\r", ""), "\n")
	var out bytes.Buffer
	var order binary.AppendByteOrder = binary.LittleEndian
	kind := "1"
	if big {
		order, kind = binary.BigEndian, "2"
	}
	for i, line := range lines[:10] {
		if i == 0 {
			line = "b" + line[1:]
		}
		if i == 5 {
			f := strings.Fields(line)
			f[2] = kind
			line = " " + strings.Join(f, " ")
		}
		out.WriteString(line + "\n")
	}
	c := converter{t: t, lines: lines[10:], out: &out, order: order}
	for c.pos < len(c.lines) {
		c.segment()
	}
	return out.Bytes()
}

type converter struct {
	t     testing.TB
	lines []string
	pos   int
	out   *bytes.Buffer
	order binary.AppendByteOrder
}

func (c *converter) line() string {
	line := ""
	for c.pos < len(c.lines) && strings.TrimSpace(line) == "" {
		line, _, _ = strings.Cut(c.lines[c.pos], "#")
		c.pos++
	}
	return strings.TrimSpace(line)
}

func (c *converter) int(s string) int {
	v, err := strconv.Atoi(s)
	if err != nil {
		c.t.Fatalf("line %d: %v", c.pos+10, err)
	}
	c.out.Write(c.order.AppendUint32(nil, uint32(int32(v))))
	return v
}

func (c *converter) real(s string) {
	v, err := strconv.ParseFloat(s, 64)
	if err != nil {
		c.t.Fatalf("line %d: %v", c.pos+10, err)
	}
	b := make([]byte, 8)
	if _, err := binary.Encode(b, c.order.(binary.ByteOrder), v); err != nil {
		c.t.Fatal(err)
	}
	c.out.Write(b)
}

func (c *converter) segment() {
	line := c.line()
	if line == "" {
		return
	}
	c.out.WriteByte(line[0])
	f := strings.Fields(line[1:])
	switch line[0] {
	case 'C':
		c.int(f[0])
		c.expression()
	case 'O':
		c.int(f[0])
		c.int(f[1])
		c.expression()
	case 'V':
		c.int(f[0])
		n := c.int(f[1])
		c.int(f[2])
		c.pairs(n, false)
		c.expression()
	case 'J', 'G':
		c.int(f[0])
		c.pairs(c.int(f[1]), false)
	case 'x', 'd':
		c.pairs(c.int(f[0]), false)
	case 'k':
		for range c.int(f[0]) {
			c.int(c.line())
		}
	case 'S':
		kind := c.int(f[0])
		n := c.int(f[1])
		c.int(strconv.Itoa(len(f[2])))
		c.out.WriteString(f[2])
		c.pairs(n, kind&4 == 0)
	case 'r', 'b':
		for c.pos < len(c.lines) && len(c.lines[c.pos]) > 0 && c.lines[c.pos][0] >= '0' && c.lines[c.pos][0] <= '5' {
			limit := strings.Fields(c.line())
			c.out.WriteString(limit[0])
			for _, v := range limit[1:] {
				c.real(v)
			}
		}
	default:
		c.t.Fatalf("segment %q", line)
	}
}

func (c *converter) pairs(n int, integers bool) {
	for range n {
		f := strings.Fields(c.line())
		c.int(f[0])
		if integers {
			c.int(f[1])
		} else {
			c.real(f[1])
		}
	}
}

func (c *converter) expression() {
	for open := 1; open > 0; open-- {
		line := c.line()
		c.out.WriteByte(line[0])
		switch line[0] {
		case 'n':
			c.real(line[1:])
		case 's':
			v, err := strconv.Atoi(line[1:])
			if err != nil {
				c.t.Fatal(err)
			}
			c.out.Write(c.order.AppendUint16(nil, uint16(int16(v))))
		case 'v', 'l':
			c.int(line[1:])
		case 'o':
			n := arity[c.int(line[1:])]
			if n == listed {
				n = c.int(c.line())
			}
			open += n
		}
	}
}

// The binary forms of a file, in both byte orders, are the same model to the last
// bit.
func TestBinary(t *testing.T) {
	files, err := filepath.Glob("testdata/*.nl")
	if err != nil || len(files) == 0 {
		t.Fatal(err)
	}
	texts := []string{hand}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, string(data))
	}
	for _, text := range texts {
		want := parse(t, text)
		for _, big := range []bool{false, true} {
			got, err := Read(context.Background(), "model.nl", bytes.NewReader(toBinary(t, text, big)), nil)
			if err != nil {
				t.Fatal(err)
			}
			if !got.Header.Binary {
				t.Error("not known as binary")
			}
			same(t, got, want)
		}
	}
}
