package nl

import "fmt"

// Operator codes of the format that this package knows.
const (
	opPlus     = 0
	opMinus    = 1
	opMult     = 2
	opDiv      = 3
	opRem      = 4
	opPow      = 5
	opLess     = 6
	opMin      = 11
	opMax      = 12
	opFloor    = 13
	opCeil     = 14
	opAbs      = 15
	opNegate   = 16
	opOr       = 20
	opAnd      = 21
	opLT       = 22
	opLE       = 23
	opEQ       = 24
	opGE       = 28
	opGT       = 29
	opNE       = 30
	opNot      = 34
	opIf       = 35
	opTanh     = 37
	opTan      = 38
	opSqrt     = 39
	opSinh     = 40
	opSin      = 41
	opLog10    = 42
	opLog      = 43
	opExp      = 44
	opCosh     = 45
	opCos      = 46
	opAtanh    = 47
	opAtan2    = 48
	opAtan     = 49
	opAsinh    = 50
	opAsin     = 51
	opAcosh    = 52
	opAcos     = 53
	opSum      = 54
	opAndList  = 70
	opOrList   = 71
	opIfElse   = 72
	opIff      = 73
	opPowConst = 76 // base, constant exponent
	opSquare   = 77
	opConstPow = 78 // constant base, exponent
	opNumber   = 80
	opVariable = 82
)

// listed is the arity of operators that are followed by a count.
const listed = -1

// arity maps the operator codes of a file to their number of arguments.
var arity = map[int]int{
	opPlus: 2, opMinus: 2, opMult: 2, opDiv: 2, opRem: 2, opPow: 2, opLess: 2,
	opMin: listed, opMax: listed, opFloor: 1, opCeil: 1, opAbs: 1, opNegate: 1,
	opOr: 2, opAnd: 2, opLT: 2, opLE: 2, opEQ: 2, opGE: 2, opGT: 2, opNE: 2, opNot: 1,
	opIf: 3, opTanh: 1, opTan: 1, opSqrt: 1, opSinh: 1, opSin: 1, opLog10: 1, opLog: 1,
	opExp: 1, opCosh: 1, opCos: 1, opAtanh: 1, opAtan2: 2, opAtan: 1, opAsinh: 1, opAsin: 1,
	opAcosh: 1, opAcos: 1, opSum: listed, opAndList: listed, opOrList: listed, opIfElse: 3,
	opIff: 2, opPowConst: 2, opSquare: 1, opConstPow: 2,
}

// foreign names the operators that have no place in a smooth program, or no
// fixed meaning.
var foreign = map[int]string{
	55: "integer division", 56: "precision", 57: "round", 58: "trunc", 59: "count", 60: "numberof",
	61: "symbolic numberof", 62: "atleast", 63: "atmost", 64: "piecewise-linear term",
	65: "symbolic if", 66: "exactly", 67: "not atleast", 68: "not atmost", 69: "not exactly",
	74: "alldiff", 75: "not alldiff", 79: "function call",
}

func operatorName(op int) string {
	if name, ok := foreign[op]; ok {
		return fmt.Sprintf("operator o%d (%s)", op, name)
	}
	return fmt.Sprintf("operator o%d", op)
}

// graph holds expressions as the file gives them. Nodes come after their
// arguments.
type graph struct {
	nodes     []node
	arguments []int32   // of all operators
	numbers   []float64 // of all constants
}

// node is an operator with arguments first … first+count−1; a constant, number
// first; or the variable first.
type node struct {
	op           int32
	first, count int32
}

func (g *graph) args(i int32) []int32 {
	n := g.nodes[i]
	return g.arguments[n.first : n.first+n.count]
}

func (g *graph) add(n node) int32 {
	g.nodes = append(g.nodes, n)
	return int32(len(g.nodes) - 1)
}

func (g *graph) number(v float64) int32 {
	g.numbers = append(g.numbers, v)
	return g.add(node{op: opNumber, first: int32(len(g.numbers) - 1)})
}

func (g *graph) operator(op int, args ...int32) int32 {
	first := int32(len(g.arguments))
	g.arguments = append(g.arguments, args...)
	return g.add(node{op: int32(op), first: first, count: int32(len(args))})
}

// bytes is the memory that the graph occupies.
func (g *graph) bytes() int64 {
	return 12*int64(len(g.nodes)) + 4*int64(len(g.arguments)) + 8*int64(len(g.numbers))
}
