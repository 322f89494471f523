package sif

import (
	"bytes"
	"hash/maphash"
)

// names numbers the names of one kind from 0, in the order of their appearance.
type names struct {
	seed  maphash.Seed
	text  []byte
	end   []int // of each name in text
	slots []int32
	hash  []uint64
}

func newNames() *names {
	return &names{seed: maphash.MakeSeed(), slots: make([]int32, 64)}
}

func (t *names) len() int { return len(t.end) }

func (t *names) bytes(i int32) []byte {
	start := 0
	if i > 0 {
		start = t.end[i-1]
	}
	return t.text[start:t.end[i]]
}

func (t *names) name(i int32) string { return string(t.bytes(i)) }

// slot is where the name is or belongs in the table of open addresses.
func (t *names) slot(h uint64, name []byte) int {
	mask := len(t.slots) - 1
	at := int(h) & mask
	for t.slots[at] != 0 {
		i := t.slots[at] - 1
		if t.hash[i] == h && bytes.Equal(t.bytes(i), name) {
			return at
		}
		at = (at + 1) & mask
	}
	return at
}

// find is the number of a name, −1 if it is new.
func (t *names) find(name []byte) int32 {
	return t.slots[t.slot(maphash.Bytes(t.seed, name), name)] - 1
}

// add is the number of a name, and whether it is new.
func (t *names) add(name []byte) (int32, bool) {
	h := maphash.Bytes(t.seed, name)
	at := t.slot(h, name)
	if t.slots[at] != 0 {
		return t.slots[at] - 1, false
	}
	i := int32(len(t.end))
	t.text = append(t.text, name...)
	t.end = append(t.end, len(t.text))
	t.hash = append(t.hash, h)
	t.slots[at] = i + 1
	if 2*len(t.end) > len(t.slots) {
		t.grow()
	}
	return i, true
}

func (t *names) grow() {
	t.slots = make([]int32, 2*len(t.slots))
	mask := len(t.slots) - 1
	for i, h := range t.hash {
		at := int(h) & mask
		for t.slots[at] != 0 {
			at = (at + 1) & mask
		}
		t.slots[at] = int32(i) + 1
	}
}

// all lists the names.
func (t *names) all() []string {
	text := string(t.text)
	out := make([]string, len(t.end))
	start := 0
	for i, end := range t.end {
		out[i] = text[start:end]
		start = end
	}
	return out
}
