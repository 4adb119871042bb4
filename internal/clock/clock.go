// Package clock is the only source of the present time.
package clock

import (
	"sync/atomic"
	"time"
)

// Clock tells the time.
type Clock interface{ Now() time.Time }

// System is the machine's clock.
type System struct{}

func (System) Now() time.Time { return time.Now() }

// Shifted is a clock that runs at the machine's pace from another moment; the demo
// and tests move it forward. Only the making of the scenario puts it back, or has it
// stand still, before anybody reads it.
type Shifted struct {
	offset atomic.Int64
	held   atomic.Int64 // microseconds; 0: it runs
}

// NewShifted returns a clock that shows start now.
func NewShifted(start time.Time) *Shifted {
	c := &Shifted{}
	c.offset.Store(int64(time.Until(start)))
	return c
}

func (c *Shifted) Now() time.Time {
	if us := c.held.Load(); us != 0 {
		return time.UnixMicro(us)
	}
	return time.Now().Add(time.Duration(c.offset.Load()))
}

// Advance moves the clock forward by d; a negative d is ignored.
func (c *Shifted) Advance(d time.Duration) {
	if d > 0 {
		c.offset.Add(int64(d))
	}
}

// Set puts the clock to t, from where it runs on.
func (c *Shifted) Set(t time.Time) {
	c.offset.Store(int64(time.Until(t)))
	c.held.Store(0)
}

// Hold puts the clock to t, where it stands still until it is Set.
func (c *Shifted) Hold(t time.Time) { c.held.Store(t.UnixMicro()) }

// Offset is how far the clock is ahead of the machine's.
func (c *Shifted) Offset() time.Duration { return time.Duration(c.offset.Load()) }

// Fixed is a clock that stands still until it is set; for tests.
type Fixed struct{ now atomic.Int64 }

// NewFixed returns a clock that stands at t.
func NewFixed(t time.Time) *Fixed {
	c := &Fixed{}
	c.Set(t)
	return c
}

func (c *Fixed) Now() time.Time { return time.UnixMicro(c.now.Load()).UTC() }

// Set puts the clock to t.
func (c *Fixed) Set(t time.Time) { c.now.Store(t.UnixMicro()) }

// Advance moves the clock by d.
func (c *Fixed) Advance(d time.Duration) { c.now.Add(d.Microseconds()) }
