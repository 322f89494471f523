package batch

import (
	"os/exec"
	"runtime"
)

// starter starts all processes of a batch from one thread that lives as long
// as the batch: Linux kills a process with the thread that started it where
// isolate asks for that, and any other thread may end at any time.
type starter struct {
	commands chan *exec.Cmd
	started  chan error
	turn     chan struct{} // held by who waits for started
}

func newStarter() *starter {
	s := &starter{make(chan *exec.Cmd), make(chan error), make(chan struct{}, 1)}
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with this function
		for c := range s.commands {
			s.started <- c.Start()
		}
	}()
	return s
}

func (s *starter) start(c *exec.Cmd) error {
	s.turn <- struct{}{}
	defer func() { <-s.turn }()
	s.commands <- c
	return <-s.started
}

func (s *starter) close() { close(s.commands) }
