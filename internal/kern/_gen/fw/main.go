// Command fw writes the AVX-512 assembly of the kernels on grids of face
// weights. Run it by go generate in the folder of package kern.
package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

func main() {
	ConstraintExpr("amd64,!purego")
	iota32, iota64 := lanes()
	relax(iota32, false)
	relax(iota32, true)
	residual(iota32, false)
	residual(iota32, true)
	start(iota32, false)
	start(iota32, true)
	for _, narrow := range []bool{false, true} {
		product(iota64, false, narrow)
		product(iota64, true, narrow)
	}
	difference(iota32)
	pairs()
	mixed()
	repeats()
	Generate()
}

// lanes are the numbers of the lanes of a vector of 16 float32 and of 8
// float64.
func lanes() (iota32, iota64 Mem) {
	iota32 = GLOBL("fwLanes32", RODATA|NOPTR)
	for i := 0; i < 16; i++ {
		DATA(4*i, U32(uint32(i)))
	}
	iota64 = GLOBL("fwLanes64", RODATA|NOPTR)
	for i := 0; i < 8; i++ {
		DATA(8*i, U64(uint64(i)))
	}
	return iota32, iota64
}

var labels int

func label(name string) string {
	labels++
	return fmt.Sprintf("%s%d", name, labels)
}

func text(name, sig string) {
	TEXT(name, NOSPLIT, "func"+sig)
	Pragma("noescape")
}

func pointer(name string) reg.GPVirtual { return Load(Param(name), GP64()).(reg.GPVirtual) }

func paramMem(name string) Mem {
	b, err := Param(name).Resolve()
	if err != nil {
		panic(err)
	}
	return b.Addr
}

// float broadcasts a float32 parameter.
func float(name string) reg.VecVirtual {
	v := ZMM()
	VBROADCASTSS(paramMem(name), v)
	return v
}

func zero() reg.VecVirtual {
	v := ZMM()
	VPXORQ(v, v, v)
	return v
}

// sweep is a loop over the vectors of all lines of a plane: cell k, with rem
// cells left in the line and the mask live of those in the vector.
type sweep struct {
	k, rem reg.GPVirtual
	lanes  reg.VecVirtual
	live   reg.OpmaskVirtual
	next   reg.OpmaskVirtual // of the vector that follows in the line
	width  int
}

func newSweep(table Mem, width int) *sweep {
	s := &sweep{k: GP64(), rem: GP64(), lanes: ZMM(), live: K(), next: K(), width: width}
	VMOVDQU32(table, s.lanes)
	return s
}

// below sets mask to the lanes whose number is less than rem.
func (s *sweep) below(mask reg.OpmaskVirtual) {
	v := ZMM()
	if s.width == 16 {
		VPBROADCASTD(s.rem.As32(), v)
		VPCMPD(U8(1), v, s.lanes, mask)
		return
	}
	VPBROADCASTQ(s.rem, v)
	VPCMPQ(U8(1), v, s.lanes, mask)
}

// lines emits the loop. begin is emitted at the start of a line, body for
// each vector, end after a line. The parameters cells and n count all cells
// and those of a line.
func (s *sweep) lines(begin, body, end func()) {
	line, vec := label("line"), label("vec")
	XORQ(s.k, s.k)
	Label(line)
	MOVQ(paramMem("n"), s.rem)
	s.below(s.live)
	begin()
	Label(vec)
	SUBQ(I32(s.width), s.rem)
	s.below(s.next)
	body()
	KMOVW(s.next, s.live)
	ADDQ(I32(s.width), s.k)
	CMPQ(s.rem, I32(0))
	JG(LabelRef(vec))
	ADDQ(s.rem, s.k) // back to the end of the line
	end()
	MOVQ(paramMem("n"), s.rem)
	SUBQ(s.rem, paramMem("cells"))
	JG(LabelRef(line))
	VZEROUPPER()
	RET()
}

// at addresses vector k of an array of words.
func (s *sweep) at(base reg.GPVirtual, size, disp int) Mem {
	return Mem{Base: base, Index: s.k, Scale: uint8(size), Disp: size * disp}
}

// centre holds the values of a line as they were before the sweep: that of
// the vector at k and its neighbours, so that no load overlaps a store that
// has just been made.
type centre struct{ prev, cur, next reg.VecVirtual }

func newCentre() *centre { return &centre{ZMM(), ZMM(), ZMM()} }

func (c *centre) begin(s *sweep, x reg.GPVirtual) {
	VPXORQ(c.prev, c.prev, c.prev)
	VMOVUPS_Z(s.at(x, 4, 0), s.live, c.cur)
}

func (c *centre) shifted(s *sweep, x reg.GPVirtual) (before, after reg.VecVirtual) {
	VMOVUPS_Z(s.at(x, 4, 16), s.next, c.next)
	before, after = ZMM(), ZMM()
	VALIGND(U8(15), c.prev, c.cur, before)
	VALIGND(U8(1), c.cur, c.next, after)
	return before, after
}

func (c *centre) advance() {
	VMOVAPS(c.cur, c.prev)
	VMOVAPS(c.next, c.cur)
}

// faces are the weights around a cell, stored or coded.
type faces struct {
	coded             bool
	x, xa, xb, ya, yb reg.GPVirtual
	w                 [5]reg.GPVirtual // wx, wxa, wy, wya, wz; of a coded grid code, xcode, ycode
	weight            [3]reg.VecVirtual
	bits              [3]reg.VecVirtual // of links along x, y, z in a code
	table             reg.VecVirtual    // by number of the diagonal
}

const facesParams = "wx, wxa, wy, wya, wz *float32"
const codedParams = "code, xcode, ycode *uint8, axis, table *float32"

func newFaces(coded bool) *faces {
	f := &faces{coded: coded, x: pointer("x"), xa: GP64(), xb: GP64(), ya: GP64(), yb: GP64()}
	step := GP64()
	MOVQ(paramMem("sx"), step)
	SHLQ(U8(2), step)
	MOVQ(f.x, f.xa)
	SUBQ(step, f.xa)
	LEAQ(Mem{Base: f.x, Index: step, Scale: 1}, f.xb)
	MOVQ(paramMem("sy"), step)
	SHLQ(U8(2), step)
	MOVQ(f.x, f.ya)
	SUBQ(step, f.ya)
	LEAQ(Mem{Base: f.x, Index: step, Scale: 1}, f.yb)
	if !coded {
		for i, name := range []string{"wx", "wxa", "wy", "wya", "wz"} {
			f.w[i] = pointer(name)
		}
		return f
	}
	for i, name := range []string{"code", "xcode", "ycode"} {
		f.w[i] = pointer(name)
	}
	axis := pointer("axis")
	for a := range f.weight {
		f.weight[a] = ZMM()
		VBROADCASTSS(Mem{Base: axis, Disp: 4 * a}, f.weight[a])
	}
	f.table = ZMM()
	VBROADCASTF32X8(Mem{Base: pointer("table")}, f.table)
	loadBits(&f.bits)
	return f
}

// loadBits fills the byte patterns of links along x, y and z.
func loadBits(bits *[3]reg.VecVirtual) {
	for a, bit := range []uint32{0x20202020, 0x10101010, 0x08080808} {
		t := GP32()
		MOVL(U32(bit), t)
		bits[a] = XMM()
		VPBROADCASTD(t, bits[a])
	}
}

// links returns the lanes that have a link by the code at an address.
func (f *faces) links(s *sweep, at Mem, axis int) reg.OpmaskVirtual {
	c, k := XMM(), K()
	VMOVDQU8_Z(at, s.live, c)
	VPTESTMB(f.bits[axis], c, k)
	return k
}

// diagonal returns the diagonal's entry of the table in each lane.
func (f *faces) diagonal(s *sweep) reg.VecVirtual {
	c, v := XMM(), ZMM()
	VMOVDQU8_Z(s.at(f.w[0], 1, 0), s.live, c)
	VPMOVZXBD(c, v)
	VPERMPS(f.table, v, v)
	return v
}

// sum returns Σ w x over the neighbours, given those along z.
func (f *faces) sum(s *sweep, za, zb reg.VecVirtual) reg.VecVirtual {
	if f.coded {
		return f.sumCoded(s, za, zb)
	}
	p, q := ZMM(), ZMM()
	VMULPS_Z(s.at(f.w[4], 4, -1), za, s.live, p)
	VMULPS_Z(s.at(f.w[4], 4, 0), zb, s.live, q)
	for i, x := range []reg.GPVirtual{f.xb, f.xa, f.yb, f.ya} {
		v, acc := ZMM(), p
		if i&1 == 1 {
			acc = q
		}
		VMOVUPS_Z(s.at(x, 4, 0), s.live, v)
		VFMADD231PS(s.at(f.w[i], 4, 0), v, s.live, acc)
	}
	VADDPS(q, p, p)
	return p
}

func (f *faces) sumCoded(s *sweep, za, zb reg.VecVirtual) reg.VecVirtual {
	own := XMM()
	VMOVDQU8_Z(s.at(f.w[0], 1, 0), s.live, own)
	k := K()
	acc := ZMM()
	VPTESTMB(f.bits[2], own, k)
	VMOVAPS_Z(zb, k, acc)
	VADDPS(za, acc, f.links(s, s.at(f.w[0], 1, -1), 2), acc)
	sum := ZMM()
	VMULPS(f.weight[2], acc, sum)
	for a, x := range [][2]reg.GPVirtual{{f.xa, f.xb}, {f.ya, f.yb}} {
		acc, k := ZMM(), K()
		VMOVUPS_Z(s.at(x[0], 4, 0), f.links(s, s.at(f.w[a+1], 1, 0), a), acc)
		VPTESTMB(f.bits[a], own, k)
		VADDPS(s.at(x[1], 4, 0), acc, k, acc)
		VFMADD231PS(f.weight[a], acc, sum)
	}
	return sum
}

// colour returns the mask parameter: the lanes of the colour meant.
func colour() reg.OpmaskVirtual {
	t, k := GP32(), K()
	MOVL(paramMem("colour"), t)
	KMOVW(t, k)
	return k
}

func variant(coded bool) (suffix, params string) {
	if coded {
		return "Coded", codedParams
	}
	return "", facesParams
}

// relax emits x = keep x + ω (b + Σ w x) / d in the lanes of one colour.
func relax(table Mem, coded bool) {
	suffix, params := variant(coded)
	text("faceRelax"+suffix+"AVX512", "(x, b, inv *float32, "+params+", cells, n, sx, sy int, colour uint32, keep, omega float32)")
	f := newFaces(coded)
	b, inv := pointer("b"), pointer("inv")
	keep, omega, lanes := float("keep"), float("omega"), colour()
	s := newSweep(table, 16)
	c := newCentre()
	s.lines(func() { c.begin(s, f.x) }, func() {
		za, zb := c.shifted(s, f.x)
		sum := f.sum(s, za, zb)
		VADDPS(s.at(b, 4, 0), sum, s.live, sum)
		scale := ZMM()
		if coded {
			VMULPS(f.diagonal(s), omega, scale)
		} else {
			VMULPS_Z(s.at(inv, 4, 0), omega, s.live, scale)
		}
		VMULPS(scale, sum, sum)
		VFMADD231PS(c.cur, keep, sum)
		store := K()
		KANDW(s.live, lanes, store)
		VMOVUPS(sum, store, s.at(f.x, 4, 0))
		c.advance()
	}, func() { KNOTW(lanes, lanes) })
}

// residual emits sums += B b + D d x + S Σ w x with coefficients by colour.
func residual(table Mem, coded bool) {
	suffix, params := variant(coded)
	text("faceResidual"+suffix+"AVX512", "(x, b, d *float32, "+params+", cells, n, sx, sy int, colour uint32, mix, sums *float32, phase int)")
	f := newFaces(coded)
	b, d := pointer("b"), reg.GPVirtual(nil)
	if !coded {
		d = pointer("d")
	}
	odd, t := K(), GP32()
	MOVL(paramMem("colour"), t)
	KMOVW(t, odd)
	mix := pointer("mix")
	var coef [3]reg.VecVirtual
	for i := range coef {
		coef[i] = ZMM()
		VBROADCASTSS(Mem{Base: mix, Disp: 4 * i}, coef[i])
		VBROADCASTSS(Mem{Base: mix, Disp: 12 + 4*i}, odd, coef[i])
	}
	sums := pointer("sums")
	s := newSweep(table, 16)
	c := newCentre()
	s.lines(func() { c.begin(s, f.x) }, func() {
		za, zb := c.shifted(s, f.x)
		sum := f.sum(s, za, zb)
		out, v := ZMM(), ZMM()
		VMOVUPS_Z(s.at(sums, 4, 0), s.live, out)
		VFMADD231PS(sum, coef[2], out)
		VFMADD231PS(s.at(b, 4, 0), coef[0], s.live, out)
		if coded {
			VMULPS(f.diagonal(s), c.cur, v)
		} else {
			VMULPS_Z(s.at(d, 4, 0), c.cur, s.live, v)
		}
		VFMADD231PS(v, coef[1], out)
		VMOVUPS(out, s.live, s.at(sums, 4, 0))
		c.advance()
	}, func() {
		for _, v := range coef {
			VPERMILPS(U8(0xb1), v, v)
		}
		s.fold(sums)
	})
}

// fold moves sums back by a line after every other one when the parameter
// phase is 1 or 2.
func (s *sweep) fold(sums reg.GPVirtual) {
	flip, done := label("flip"), label("folded")
	CMPQ(paramMem("phase"), I8(1))
	JB(LabelRef(done))
	JNE(LabelRef(flip))
	MOVQ(paramMem("n"), s.rem)
	SHLQ(U8(2), s.rem)
	SUBQ(s.rem, sums)
	Label(flip)
	XORQ(I8(3), paramMem("phase"))
	Label(done)
}

// start emits x = ω b / d in the lanes of one colour.
func start(table Mem, coded bool) {
	suffix, param := "", "inv *float32"
	if coded {
		suffix, param = "Coded", "code *uint8, table *float32"
	}
	text("faceStart"+suffix+"AVX512", "(x, b *float32, "+param+", cells, n int, colour uint32, omega float32)")
	x, b := pointer("x"), pointer("b")
	f := &faces{coded: coded}
	inv := reg.GPVirtual(nil)
	if coded {
		f.w[0], f.table = pointer("code"), ZMM()
		VBROADCASTF32X8(Mem{Base: pointer("table")}, f.table)
	} else {
		inv = pointer("inv")
	}
	omega, lanes := float("omega"), colour()
	s := newSweep(table, 16)
	s.lines(func() {}, func() {
		v, store := ZMM(), K()
		VMULPS_Z(s.at(b, 4, 0), omega, s.live, v)
		if coded {
			VMULPS(f.diagonal(s), v, v)
		} else {
			VMULPS_Z(s.at(inv, 4, 0), v, s.live, v)
		}
		KANDW(s.live, lanes, store)
		VMOVUPS(v, store, s.at(x, 4, 0))
	}, func() { KNOTW(lanes, lanes) })
}
