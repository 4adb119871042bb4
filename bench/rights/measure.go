package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"sync/atomic"
	"time"

	"prasan/internal/cases"
	"prasan/internal/retention"
	"prasan/internal/rights"
)

// manifest times what a request about fifty cases of a person finds, and the copy of them.
func (o *office) manifest(ctx context.Context) ([]figure, error) {
	proof := &rights.Proof{Way: "email", At: o.now(), Digests: [][]byte{o.cases.Digest("email", "mine@example.com")}}
	r, err := o.rights.Submit(ctx, rights.Submission{Right: rights.Access, Channel: "web", Lang: "th", Proof: proof})
	if err != nil {
		return nil, err
	}
	var finds, copies []time.Duration
	for range 9 {
		began := time.Now()
		if _, _, _, err := o.rights.Assessment(ctx, dpo, r.Reference); err != nil {
			return nil, err
		}
		finds = append(finds, time.Since(began))
	}
	if _, err := o.rights.Decide(ctx, dpo, r.Reference, rights.Decision{Outcome: rights.Granted, Reasons: "ได้ตามมาตรา 30"}); err != nil {
		return nil, err
	}
	got, err := o.rights.Get(ctx, dpo, r.Reference)
	if err != nil {
		return nil, err
	}
	for range 5 {
		began := time.Now()
		c, err := o.rights.Bundle(ctx, r.Reference, r.Code)
		if err == nil {
			err = c.Write(ctx, io.Discard)
		}
		if err != nil {
			return nil, err
		}
		copies = append(copies, time.Since(began))
	}
	return []figure{within(fmt.Sprintf("a subject's manifest (%d cases)", len(got.Mine())), 200*time.Millisecond, finds), within("bundle of 50 cases with attachments", 3*time.Second, copies)}, nil
}

// monitoring times the check of what is past its time.
func (o *office) monitoring(ctx context.Context) ([]figure, error) {
	began := time.Now()
	if _, err := o.retention.Monitor(ctx, cases.Activity); err != nil {
		return nil, err
	}
	return []figure{within("monitoring check", 2*time.Second, []time.Duration{time.Since(began)})}, nil
}

// round times survey and execution of last year's round while messages come in.
func (o *office) round(ctx context.Context) ([]figure, error) {
	if _, err := o.retention.OpenRounds(ctx, cases.Activity); err != nil {
		return nil, err
	}
	all, err := o.retention.Rounds(ctx, officer)
	if err != nil || len(all) == 0 {
		return nil, fmt.Errorf("no round: %w", err)
	}
	id := all[0].ID
	load := o.intake(ctx)
	began := time.Now()
	if _, err := o.retention.Survey(ctx, officer, id, retention.ByOrder); err != nil {
		return nil, err
	}
	survey := time.Since(began)
	if _, err := o.retention.Decide(ctx, officer, id, retention.Decision{Decision: "destroy"}); err != nil {
		return nil, err
	}
	if _, err := o.retention.Order(ctx, head, id, "1/2569"); err != nil {
		return nil, err
	}
	began = time.Now()
	if err := o.retention.Execute(ctx, id); err != nil {
		return nil, err
	}
	took := time.Since(began)
	waits := load()
	r, _, err := o.retention.Get(ctx, officer, id, 0, 1)
	if err != nil {
		return nil, err
	}
	c, err := retention.VerifyCertificate([]byte(r.Certificate))
	if err != nil {
		return nil, err
	}
	n := c.Counts["case"].Destroyed
	speed := float64(n) / took.Seconds()
	slices.Sort(waits)
	p99 := waits[len(waits)*99/100]
	return []figure{within(fmt.Sprintf("survey of %d due cases", n), 5*time.Second, []time.Duration{survey}), {"execution", fmt.Sprintf("%.0f cases/s", speed), ">= 2000 cases/s", speed >= 2000},
		{fmt.Sprintf("intake meanwhile, p99 of %d", len(waits)), round(p99), "< 150.0 ms", p99 < 150*time.Millisecond}}, nil
}

// intake sends messages, twenty a second, until it is told to end; it returns how long each took.
func (o *office) intake(ctx context.Context) (end func() []time.Duration) {
	stop, done := make(chan struct{}), make(chan []time.Duration)
	var no atomic.Int64
	go func() {
		var waits []time.Duration
		tick := time.NewTicker(50 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-stop:
				done <- waits
				return
			case <-tick.C:
				began := time.Now()
				if _, err := o.cases.Submit(ctx, o.message(fmt.Sprintf("%d", no.Add(1)))); err == nil {
					waits = append(waits, time.Since(began))
				}
			}
		}
	}()
	return func() []time.Duration { close(stop); return <-done }
}
