package main

import (
	"fmt"
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// isa describes a vector instruction set: w float64 lanes a register; wide
// means AVX-512, with its mask registers and 32 vector registers.
type isa struct {
	name string
	w    int
	wide bool
}

func (s isa) vec() reg.VecVirtual {
	if s.wide {
		return ZMM()
	}
	return YMM()
}

func (s isa) vecs(n int) []reg.VecVirtual {
	v := make([]reg.VecVirtual, n)
	for i := range v {
		v[i] = s.vec()
	}
	return v
}

func (s isa) zero(v reg.VecVirtual) {
	if s.wide {
		VPXORQ(v, v, v)
		return
	}
	VXORPD(v, v, v)
}

func (s isa) zeros(n int) []reg.VecVirtual {
	v := s.vecs(n)
	for _, r := range v {
		s.zero(r)
	}
	return v
}

// text starts function name+ISA with the Go signature sig.
func (s isa) text(name, sig string) {
	TEXT(name+s.name, NOSPLIT, "func"+sig)
	Pragma("noescape")
}

func ret() {
	VZEROUPPER()
	RET()
}

func sliceBase(name string) reg.GPVirtual {
	return Load(Param(name).Base(), GP64()).(reg.GPVirtual)
}

func sliceLen(name string) reg.GPVirtual {
	return Load(Param(name).Len(), GP64()).(reg.GPVirtual)
}

func paramMem(name string) Mem {
	b, err := Param(name).Resolve()
	if err != nil {
		panic(err)
	}
	return b.Addr
}

// broadcast returns a vector with the float64 parameter in every lane.
func (s isa) broadcast(name string) reg.VecVirtual {
	v := s.vec()
	VBROADCASTSD(paramMem(name), v)
	return v
}

// constants is the table of constants of one instruction set: each occupies a
// full vector for AVX2 and one word, broadcast by the instruction, for AVX-512.
type constants struct {
	s      isa
	base   Mem
	offset map[string]int
}

func newConstants(s isa) *constants {
	c := &constants{s: s, base: GLOBL("kern"+s.name, RODATA|NOPTR), offset: map[string]int{}}
	at := 0
	for _, k := range constantTable(s) {
		copies := 4
		if s.wide {
			copies = 1
		}
		c.offset[k.name] = at
		for i := 0; i < copies; i++ {
			DATA(at, U64(k.bits))
			at += 8
		}
	}
	if s.wide {
		c.offset["table"] = at
		for _, b := range exp2Table {
			DATA(at, U64(b))
			at += 8
		}
	}
	return c
}

func (c *constants) mem(name string) Mem {
	o, ok := c.offset[name]
	if !ok {
		panic(fmt.Sprintf("constant %q", name))
	}
	return c.base.Offset(o)
}

// load returns a register with the constant in every lane.
func (c *constants) load(name string) reg.VecVirtual {
	v := c.s.vec()
	if c.s.wide {
		VBROADCASTSD(c.mem(name), v)
	} else {
		VMOVUPD(c.mem(name), v)
	}
	return v
}

// The arithmetic below takes the constant as a memory operand and so needs no
// register for it.

// fma213 computes x = y·x + c.
func (c *constants) fma213(name string, y, x reg.VecVirtual) {
	if c.s.wide {
		VFMADD213PD_BCST(c.mem(name), y, x)
	} else {
		VFMADD213PD(c.mem(name), y, x)
	}
}

// fnma231 computes x −= c·y.
func (c *constants) fnma231(name string, y, x reg.VecVirtual) {
	if c.s.wide {
		VFNMADD231PD_BCST(c.mem(name), y, x)
	} else {
		VFNMADD231PD(c.mem(name), y, x)
	}
}

// fma231 computes x += c·y.
func (c *constants) fma231(name string, y, x reg.VecVirtual) {
	if c.s.wide {
		VFMADD231PD_BCST(c.mem(name), y, x)
	} else {
		VFMADD231PD(c.mem(name), y, x)
	}
}

// sub computes dst = x − c.
func (c *constants) sub(name string, x, dst reg.VecVirtual) {
	if c.s.wide {
		VSUBPD_BCST(c.mem(name), x, dst)
	} else {
		VSUBPD(c.mem(name), x, dst)
	}
}

// add computes dst = x + c.
func (c *constants) add(name string, x, dst reg.VecVirtual) {
	if c.s.wide {
		VADDPD_BCST(c.mem(name), x, dst)
	} else {
		VADDPD(c.mem(name), x, dst)
	}
}

type constant struct {
	name string
	bits uint64
}

func f64(name string, v float64) constant { return constant{name, math.Float64bits(v)} }
