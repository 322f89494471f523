//go:build unix

package main

import "golang.org/x/sys/unix"

// writable tells why nothing can be created in a directory, if so.
func writable(dir string) error { return unix.Access(dir, unix.W_OK|unix.X_OK) }
