//go:build amd64 && !purego

package kern

import "testing"

func TestKernelOverride(t *testing.T) {
	t.Setenv("SOLVE_KERNEL", "")
	best := detectISA()
	for value, want := range map[string]isaLevel{"go": isaGo, "avx2": min(best, isaAVX2), "avx512": best, "other": best} {
		t.Setenv("SOLVE_KERNEL", value)
		if got := detectISA(); got != want {
			t.Errorf("SOLVE_KERNEL=%s gives %v, want %v", value, got, want)
		}
	}
}
