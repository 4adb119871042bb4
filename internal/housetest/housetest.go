// Package housetest builds, for tests, an office with real services under it: keyring,
// vault, processing, post, cases; on the engine of the test, with its clock.
package housetest

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"prasan/internal/audit"
	"prasan/internal/blob"
	"prasan/internal/cases"
	"prasan/internal/db"
	"prasan/internal/db/dbtest"
	"prasan/internal/jobs"
	"prasan/internal/limits"
	"prasan/internal/mail"
	"prasan/internal/policy"
	"prasan/internal/processing"
	"prasan/internal/vault"
)

// Site is the host whose messages come to the office, and Agency its code.
const (
	Site   = "rayong.industry.test"
	Agency = "rayong"
)

// People of the office.
var (
	Head      = policy.Actor{Account: "head", Agency: Agency, Roles: []string{"head"}, IsHead: true}
	Officer   = policy.Actor{Account: "officer", Agency: Agency, Roles: []string{"officer"}} // without an order
	Registrar = policy.Actor{Account: "registrar", Agency: Agency, Roles: []string{"registrar"}}
	DPO       = policy.Actor{Account: "dpo", Agency: "ops", Roles: []string{"dpo"}}
	Stranger  = policy.Actor{Account: "stranger", Agency: "trat", Roles: []string{"head", "registrar"}, IsHead: true}
)

// House is an office.
type House struct {
	T          *testing.T
	Engine     *dbtest.Engine
	Vault      *vault.Vault
	Processing *processing.Service
	Audit      *audit.Log
	Jobs       *jobs.Queue
	Mail       *mail.Service
	Cases      *cases.Service
	Record     *policy.Snapshot // what is in force; tests may change it
	Shut       func() error     // closes its keyring
}

// Must fails the test on an error.
func Must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// New builds an office under a record.
func New(t *testing.T, e *dbtest.Engine, record *policy.Snapshot) *House {
	t.Helper()
	h, err := In(t.TempDir(), e, record)
	Must(t, err)
	h.T = t
	t.Cleanup(func() { h.Shut() })
	return h
}

// In builds an office on what lies in a folder: for processes that are killed, and those
// that go on after them. Its T is the caller's to set.
func In(dir string, e *dbtest.Engine, record *policy.Snapshot) (*House, error) {
	ctx := context.Background()
	h := &House{Engine: e, Record: record}
	ring, err := db.Open(ctx, "sqlite:"+filepath.Join(dir, "keyring.db"), db.Options{Clock: e.Clock})
	if err != nil {
		return nil, err
	}
	h.Shut = ring.Close
	master, err := vault.NewMaster(make([]byte, 32))
	if err != nil {
		return nil, err
	}
	v, minter, err := vault.Open(ctx, ring, master)
	if err != nil {
		return nil, err
	}
	v.KeepTombstones(filepath.Join(dir, "tombstones"))
	h.Vault, h.Audit, h.Jobs = v, audit.New("test"), jobs.New(e.DB, e.Clock.Now)
	snapshot := func(string) *policy.Snapshot { return h.Record }
	h.Processing = processing.New(e.DB, v, minter, h.Audit, snapshot)
	limiter := limits.New(v.Derive("limits"), true)
	link := func(host string) string { return "http://" + host }
	h.Mail = mail.New(mail.Deps{DB: e.DB, Vault: v, Audit: h.Audit, Jobs: h.Jobs, Limits: limiter, Now: e.Clock.Now, Processing: h.Processing, Config: mail.Config{Domain: "industry.test", SiteURL: link, Sender: func(string, string) mail.Sender { return mail.Sender{} }}})
	folder, err := blob.NewFolder(filepath.Join(dir, "blobs"))
	if err != nil {
		return nil, err
	}
	h.Cases = cases.New(cases.Deps{DB: e.DB, Vault: v, Processing: h.Processing, Audit: h.Audit, Jobs: h.Jobs, Mail: h.Mail, Limits: limiter, Record: snapshot, Files: blob.New(folder, e.Clock.Now), Now: e.Clock.Now,
		Notice: func(string) (string, error) { return "n1", nil }, Site: func(host string) (string, bool) { return Agency, host == Site },
		Agency: func(string) (policy.Text, string, bool) {
			return policy.Text{TH: "ระยอง", EN: "Rayong"}, "ops", true
		},
		SameController: func(string) bool { return true },
		Config:         cases.Config{ReplyWithin: 15 * 24 * time.Hour, ReopenWithin: 30 * 24 * time.Hour, LinkLifetime: time.Hour, PerHour: 1000, SiteURL: link}})
	return h, nil
}

// ContactUs is a record of three data, with the duties that tests need.
func ContactUs() *policy.Snapshot {
	all := []string{"given_name", "mobile_phone", "email"}
	holders := []policy.Principal{{Kind: policy.HeadOrDelegate}}
	s := &policy.Snapshot{Activity: cases.Activity, RevisionID: "r2", Elements: []policy.Element{{Code: "given_name", Kind: "form"}, {Code: "mobile_phone", Kind: "form"}, {Code: "email", Kind: "form"}},
		Access: []policy.Principal{{Kind: policy.HeadOrDelegate}, {Kind: policy.DPO}}, Basis: []policy.Basis{{Code: "public-task", Citation: "24(4)"}},
		Duties:    map[policy.Duty][]policy.Principal{policy.DutyTerminate: holders, policy.DutyInspect: holders},
		Retention: policy.Retention{Years: 10, Anchor: "case.closed_at", Round: "calendar-year-end"}, Monitoring: policy.Cycle{Months: 1}}
	for _, code := range []string{"verify_identity", "receive_and_forward", "communicate"} {
		s.Purposes = append(s.Purposes, policy.Purpose{Code: code, Basis: "public-task", Elements: all})
	}
	return s
}

// Receive sends the i-th message.
func (h *House) Receive(i int, text string) cases.Receipt {
	h.T.Helper()
	r, err := h.Cases.Submit(context.Background(), cases.Submission{Site: Site, Topic: "problem", Channel: "web", Lang: "th", Message: text, NoticeID: "n1", Nonce: []byte(fmt.Sprintf("nonce-of-16-bytes-%d", i)), FormAge: time.Minute,
		Sender: map[string]string{"given_name": "มานี", "mobile_phone": fmt.Sprintf("08123456%02d", i), "email": fmt.Sprintf("manee%d@example.com", i)}})
	Must(h.T, err)
	return r
}

// Close ends a case.
func (h *House) Close(reference string) {
	h.T.Helper()
	_, err := h.Cases.Triage(context.Background(), Head, reference, cases.Relevant, "อยู่ในอำนาจหน้าที่")
	Must(h.T, err)
	_, err = h.Cases.Close(context.Background(), Head, reference, "done", "เสร็จสิ้น")
	Must(h.T, err)
}
