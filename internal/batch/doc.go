// Package batch runs many command lines of one program: each in its own
// process, several at a time, with limits on time, memory and output, and so
// that a batch that was cut off goes on where it was.
//
// A batch has a directory. Job K, counted from 1, leaves in it
//
//	K.json    its report, or an error object where it ended without one, with
//	          a member "job" that says what ran on which inputs
//	K.out     its stdout
//	K.log     its stderr
//
// and K.json is renamed into place last: it is there, whole, if and only if
// the job has ended. A job is run again when its command, the contents of
// its inputs, or the program changed.
//
// The package knows nothing of what the jobs compute, nor of their flags:
// the caller says which files a command line reads and writes.
package batch
