// Package solver holds the words that every solver of this module shares:
// how a run ended (Status, Reason, Verdict), what proves it (Certificate),
// what a run may use (Settings), what it reports while running (Record,
// Recorder), the methods that exist (Method), and the error values that
// callers test with errors.Is.
//
// It imports nothing of this module.
package solver
