package app_test

import (
	"bytes"
	"context"
	"os"
	"testing"
)

func TestAPlanCountsWhatTheInstallationHolds(t *testing.T) {
	r := start(t, settings(t, ""), demo())
	text, err := os.ReadFile("testdata/record/contact-us.yaml")
	if err != nil {
		t.Fatal(err)
	}
	text = bytes.Replace(text, []byte("P10Y"), []byte("P5Y"), 1)
	p, err := r.Register.Plan(context.Background(), text)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]int{}
	for _, e := range p.Effects {
		got[e.Kind] = e.N
	}
	if got["notice-republished"] != len(r.Sites.All()) || len(r.Sites.All()) < 78 {
		t.Errorf("%v", got)
	}
	if n, ok := got["retention-changed"]; !ok || n != 0 {
		t.Errorf("%v", got)
	}
	// This record names nobody to destroy, or to grant: it would be refused.
	if len(p.Holds) != 2 {
		t.Errorf("%+v", p.Holds)
	}
}
