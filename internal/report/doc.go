// Package report holds what a run says about itself: the JSON report and the
// JSON error object with their schemas, aligned tables, the history of an
// iteration, a progress bar, and plots. It computes nothing about a problem.
package report
