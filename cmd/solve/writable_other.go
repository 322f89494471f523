//go:build !unix

package main

// writable cannot be told beforehand here: creating the file will.
func writable(string) error { return nil }
