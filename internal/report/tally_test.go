package report

import (
	"bytes"
	"strings"
	"testing"
	"time"
)

func TestTally(t *testing.T) {
	var out bytes.Buffer
	tally := NewTally(&out, 3, "jobs")
	tally.Add()
	if out.Len() > 0 {
		t.Errorf("drawn at once: %q", out.String())
	}
	tally.start = time.Now().Add(-time.Minute)
	tally.Add()
	if s := out.String(); !strings.Contains(s, "jobs") || !strings.Contains(s, "2/3") {
		t.Errorf("%q", s)
	}
	tally.Clear()
}
