// Package linsys solves linear systems A x = b: symmetric or not, definite or
// not, square, rectangular or singular, and chooses how.
package linsys
