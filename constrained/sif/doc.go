// Package sif reads optimisation problems in Standard Input Format, the language
// of the CUTEst collection (Conn, Gould & Toint, LANCELOT, Springer, 1992, chapter
// 7; Gould, Orban & Toint, CUTEst: a constrained and unconstrained testing
// environment with safe threads for mathematical optimization, Comput. Optim.
// Appl. 60, 2015).
//
// A file states a group partially separable problem. Group i has the value
//
//	g_i(α_i) / s_i,  α_i = Σ_j a_ij x_j − b_i + Σ_e w_ie F_e(W_e x_e)
//
// where g_i is the identity unless the group has a type, and F_e is a function of
// few internal variables. The objective adds the groups of kind N, and half the
// quadratic form of the section QUADRATIC; the groups of kinds E, L and G are
// constraints with the limits c = 0, −r ≤ c ≤ 0 and 0 ≤ c ≤ r, r infinite unless
// given.
//
// The Fortran expressions of the file are compiled once for each element type and
// group type, together with their symbolic first and second derivatives, into
// straight-line programs that treat many elements at a time. The derivatives that
// the file itself gives are only compared (Model.CheckDerivatives).
package sif
