package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// smallDisk mounts a file system of so many KiB; only root can.
func smallDisk(t *testing.T, kib int) string {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("only root can mount a small disk")
	}
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, fmt.Sprintf("size=%dk", kib)); err != nil {
		t.Skipf("no small disk: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return dir
}

func remount(t *testing.T, dir string, flags uintptr, data string) {
	t.Helper()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", syscall.MS_REMOUNT|flags, data); err != nil {
		t.Skip(err)
	}
}

// A full disk is exit 8, and what could not be written whole is not there.
func TestFullDisk(t *testing.T) {
	disk := smallDisk(t, 16)
	filler := filepath.Join(disk, "full")
	if err := os.WriteFile(filler, make([]byte, 16<<10), 0o666); err != nil && !isFile(filler) {
		t.Fatal(err)
	}
	wantUnwritten(t, disk, writers[:len(writers)-1], "full")
}

func TestReadOnlyDirectory(t *testing.T) {
	disk := smallDisk(t, 1024)
	remount(t, disk, syscall.MS_RDONLY, "")
	wantUnwritten(t, disk, writers)
}

// A batch on a disk that fills: exit 8, whole reports, and with room again it
// goes on.
func TestBatchOnAFullDisk(t *testing.T) {
	disk := smallDisk(t, 256)
	var lines strings.Builder
	for k := range 60 {
		fmt.Fprintf(&lines, "gen clouds --n 30 --seed %d --emit a\n", k)
	}
	work := t.TempDir()
	if err := os.WriteFile(filepath.Join(work, "jobs.txt"), []byte(lines.String()), 0o666); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(disk, "out")
	out, err := solveProgram(t, work, "batch", "jobs.txt", "--dir", dir, "-q").CombinedOutput()
	if code := exitOf(err); code != exitResources {
		t.Fatalf("exit %d\n%s", code, out)
	}
	kept := map[int]string{}
	takeReports(t, dir, 60, kept)
	if len(kept) == 0 || len(kept) == 60 {
		t.Fatalf("%d jobs ended", len(kept))
	}
	remount(t, disk, 0, "size=8m")
	out, err = solveProgram(t, work, "batch", "jobs.txt", "--dir", dir, "-q", "--retry-failed").CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	before := len(kept)
	for k, text := range kept {
		if !strings.Contains(text, `"exit":0,"started"`) {
			delete(kept, k) // it failed for want of room
		}
	}
	takeReports(t, dir, 60, kept)
	t.Logf("%d jobs ended before the disk was full", before)
}
