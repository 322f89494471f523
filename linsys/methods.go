package linsys

import "solve/solver"

// Names of the methods.
const (
	Auto     = "auto"
	CG       = "cg"
	FCG      = "fcg"
	MINRES   = "minres"
	GMRES    = "gmres"
	BiCGSTAB = "bicgstab"
	LSMR     = "lsmr"
	LSQR     = "lsqr"
	DPCG     = "dpcg"
	Cholesky = "cholesky"
	LDLT     = "ldlt"
	LU       = "lu"

	// substitution solves diagonal and triangular matrices; auto alone takes it.
	substitution = "substitution"
)

// Names of the preconditioners.
const (
	None   = "none"
	Jacobi = "jacobi"
	SSOR   = "ssor"
	IC0    = "ic0"
	MIC0   = "mic0"
	ICT    = "ict"
	ILU0   = "ilu0"
	ILUT   = "ilut"
	Cheb   = "cheb"
	SAAMG  = "sa-amg"
	RSAMG  = "rs-amg"
	FWMG   = "fwmg"
)

// Methods lists the methods with their sources.
func Methods() []solver.Method {
	return []solver.Method{
		{Name: Auto, Summary: "looks at the matrix and chooses, with the reason in the report", When: "unless you know better"},
		{Name: CG, Summary: "conjugate gradients, with residual replacement and a condition estimate",
			Paper: "Hestenes, Stiefel, J. Res. NBS 49 (1952); van der Vorst, Ye, SIAM J. Sci. Comput. 22 (2000)", When: "symmetric positive definite, too large for a factorisation"},
		{Name: FCG, Summary: "flexible conjugate gradients: the preconditioner may change from step to step",
			Paper: "Notay, SIAM J. Sci. Comput. 22 (2000)", When: "preconditioners that are not linear or not symmetric"},
		{Name: MINRES, Summary: "minimal residuals for symmetric matrices",
			Paper: "Paige, Saunders, SIAM J. Numer. Anal. 12 (1975)", When: "symmetric indefinite, too large for LDLᵀ"},
		{Name: GMRES, Summary: "generalised minimal residuals, restarted; flexible",
			Paper: "Saad, Schultz, SIAM J. Sci. Stat. Comput. 7 (1986); Saad, ibid. 14 (1993)", When: "unsymmetric, too large for LU"},
		{Name: BiCGSTAB, Summary: "bi-conjugate gradients, stabilised",
			Paper: "van der Vorst, SIAM J. Sci. Stat. Comput. 13 (1992)", When: "unsymmetric, where GMRES needs too much memory"},
		{Name: LSMR, Summary: "least squares, minimising ‖Aᵀr‖; optional damping",
			Paper: "Fong, Saunders, SIAM J. Sci. Comput. 33 (2011)", When: "matrices that are not square"},
		{Name: LSQR, Summary: "least squares, minimising ‖r‖; optional damping",
			Paper: "Paige, Saunders, ACM TOMS 8 (1982)", When: "comparisons with LSMR"},
		{Name: DPCG, Summary: "conjugate gradients deflated by Ritz vectors of a Lanczos run",
			Paper: "Saad, Yeung, Erhel, Guyomarc'h, SIAM J. Sci. Comput. 21 (2000)", When: "comparisons with the Deep Conjugate Direction Method"},
		{Name: Cholesky, Summary: "sparse supernodal Cholesky, or dense",
			Paper: "Chen, Davis, Hager, Rajamanickam, ACM TOMS 35 (2008); Amestoy, Davis, Duff, SIAM J. Matrix Anal. 17 (1996)", When: "symmetric positive definite with little fill, or many right-hand sides"},
		{Name: LDLT, Summary: "sparse LDLᵀ with Bunch-Kaufman pivots and inertia",
			Paper: "Bunch, Kaufman, Math. Comp. 31 (1977); Duff, Reid, ACM TOMS 9 (1983)", When: "symmetric indefinite"},
		{Name: LU, Summary: "sparse left-looking LU after a block triangular form, or dense",
			Paper: "Gilbert, Peierls, SIAM J. Sci. Stat. Comput. 9 (1988); Davis, Palamadai Natarajan, ACM TOMS 37 (2010)", When: "unsymmetric"},
	}
}

// Preconditioners lists what may stand beside an iterative method.
func Preconditioners() []solver.Method {
	return []solver.Method{
		{Name: None, Summary: "none"},
		{Name: Jacobi, Summary: "the diagonal, or small diagonal blocks", Paper: "Saad, Iterative Methods for Sparse Linear Systems, 2nd ed. (2003), ch. 4"},
		{Name: SSOR, Summary: "symmetric successive over-relaxation, ω = 1.2", Paper: "Eisenstat, SIAM J. Sci. Stat. Comput. 2 (1981)"},
		{Name: IC0, Summary: "incomplete Cholesky without fill, shifted where it breaks down", Paper: "Meijerink, van der Vorst, Math. Comp. 31 (1977); Manteuffel, Math. Comp. 34 (1980)"},
		{Name: MIC0, Summary: "modified incomplete Cholesky: dropped fill goes to the diagonal", Paper: "Gustafsson, BIT 18 (1978); Bridson, Fluid Simulation (2008)"},
		{Name: ICT, Summary: "incomplete Cholesky by threshold", Paper: "Lin, Moré, SIAM J. Sci. Comput. 21 (1999)"},
		{Name: ILU0, Summary: "incomplete LU without fill", Paper: "Meijerink, van der Vorst, Math. Comp. 31 (1977)"},
		{Name: ILUT, Summary: "incomplete LU by threshold", Paper: "Saad, Numer. Linear Algebra Appl. 1 (1994)"},
		{Name: Cheb, Summary: "a Chebyshev polynomial in A", Paper: "Saad, SIAM J. Sci. Stat. Comput. 6 (1985)"},
		{Name: SAAMG, Summary: "algebraic multigrid by smoothed aggregation", Paper: "Vaněk, Mandel, Brezina, Computing 56 (1996)", When: "M-matrices and diagonally dominant ones without a grid"},
		{Name: RSAMG, Summary: "classical algebraic multigrid", Paper: "Ruge, Stüben, in: Multigrid Methods, SIAM (1987)", When: "M-matrices with strong anisotropy"},
		{Name: FWMG, Summary: "geometric aggregation multigrid with Galerkin face weights, on a grid found from the matrix alone", When: "Poisson-like matrices on boxes, with or without obstacles"},
	}
}

func names(list []solver.Method) []string {
	out := make([]string, len(list))
	for i, m := range list {
		out[i] = m.Name
	}
	return out
}

func methodNames() []string         { return names(Methods()) }
func preconditionerNames() []string { return names(Preconditioners()) }
