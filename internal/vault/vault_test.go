package vault_test

import (
	"bytes"
	"context"
	"path/filepath"
	"testing"
	"time"

	"prasan/internal/db/dbtest"
	"prasan/internal/errs"
	"prasan/internal/vault"
	"prasan/internal/vault/keyring"
)

func open(t *testing.T, e *dbtest.Engine, key byte) (*vault.Vault, *vault.Minter) {
	t.Helper()
	m, err := vault.NewMaster(bytes.Repeat([]byte{key}, 32))
	if err != nil {
		t.Fatal(err)
	}
	v, minter, err := vault.Open(context.Background(), e.DB, m)
	if err != nil {
		t.Fatal(err)
	}
	return v, minter
}

func TestWhatIsSealedOpensOnlyForAPermitInItsPlaceAndWhileItsKeyLives(t *testing.T) {
	dbtest.EachOf(t, keyring.Files, func(t *testing.T, e *dbtest.Engine) {
		ctx := context.Background()
		v, minter := open(t, e, 1)
		s, err := v.NewSubject(ctx, dbtest.Start)
		if err != nil {
			t.Fatal(err)
		}
		if err := v.Keep(ctx, s); err != nil {
			t.Fatal(err)
		}
		item := vault.Sealed{Subject: s.ID, Element: "email", Place: "cases:1:email", Data: s.Seal("cases:1:email", []byte("x@example.com"))}
		good := minter.Permit("communicate", []string{s.ID}, []string{"email"})
		moved, other := item, item
		moved.Place = "cases:2:email"
		other.Element = "mobile_phone"
		for name, c := range map[string]struct {
			permit vault.Permit
			item   vault.Sealed
			ok     bool
		}{
			"permit":        {good, item, true},
			"zero permit":   {vault.Permit{}, item, false},
			"other subject": {minter.Permit("communicate", []string{"another"}, []string{"email"}), item, false},
			"other element": {good, other, false},
			"moved":         {good, moved, false},
		} {
			got, err := v.Open(ctx, c.permit, []vault.Sealed{c.item})
			if (err == nil) != c.ok || c.ok && string(got[0]) != "x@example.com" {
				t.Errorf("%s: %q, %v", name, got, err)
			}
		}
		if err := v.Shred(ctx, s.ID); err != nil {
			t.Fatal(err)
		}
		if _, err := v.Open(ctx, good, []vault.Sealed{item}); errs.As(err).Key != "error.key-destroyed" {
			t.Errorf("opened after its key was destroyed: %v", err)
		}
	})
}

func TestAnotherMasterKeyIsRefusedAndNothingIsChanged(t *testing.T) {
	dbtest.EachOf(t, keyring.Files, func(t *testing.T, e *dbtest.Engine) {
		v, _ := open(t, e, 1)
		want := v.Derive("x")
		m, _ := vault.NewMaster(bytes.Repeat([]byte{2}, 32))
		if _, _, err := vault.Open(context.Background(), e.DB, m); errs.As(err).Key != "error.master-key-wrong" {
			t.Errorf("a wrong master key gave %v", err)
		}
		again, _ := open(t, e, 1)
		if !bytes.Equal(want, again.Derive("x")) {
			t.Error("the root secret changed")
		}
	})
}

func TestAMissingMasterKeyFileSaysWhatToDo(t *testing.T) {
	path := filepath.Join(t.TempDir(), "master.key")
	if _, err := vault.ReadMaster(path, false); errs.As(err).Key != "error.master-key-missing" {
		t.Errorf("got %v", err)
	}
	if _, err := vault.ReadMaster(path, true); err != nil {
		t.Error(err)
	}
	if _, err := vault.ReadMaster(path, false); err != nil {
		t.Error(err)
	}
}

func TestASweepTakesKeysOfItsKindWhoseDataNeverCame(t *testing.T) {
	dbtest.EachOf(t, keyring.Files, func(t *testing.T, e *dbtest.Engine) {
		ctx := context.Background()
		v, _ := open(t, e, 1)
		keep := func(kind string, age time.Duration) string {
			s, err := v.NewSubject(ctx, dbtest.Start.Add(-age))
			if err != nil {
				t.Fatal(err)
			}
			s.Kind = kind
			if err := v.Keep(ctx, s); err != nil {
				t.Fatal(err)
			}
			return s.ID
		}
		const day = 24 * time.Hour
		used, orphan, young, other, none := keep("case", 3*day), keep("case", 30*day), keep("case", time.Hour), keep("breach", 3*day), keep("", 3*day)
		for range 600 { // more than a page
			keep("case", 2*day)
		}
		n, err := v.Sweep(ctx, "case", dbtest.Start.Add(-day), func(ids []string) (map[string]bool, error) { return map[string]bool{used: true}, nil })
		if err != nil || n != 601 {
			t.Errorf("%d swept, %v", n, err)
		}
		has, err := v.Has(ctx, []string{used, orphan, young, other, none})
		if err != nil || !has[used] || has[orphan] || !has[young] || !has[other] || !has[none] {
			t.Errorf("%v, %v", has, err)
		}
	})
}

// A key that one node has destroyed opens nothing at another from that moment on, though
// the other has used it just before.
func TestAKeyDestroyedAtOneNodeIsGoneAtEveryOther(t *testing.T) {
	dbtest.EachOf(t, keyring.Files, func(t *testing.T, e *dbtest.Engine) {
		ctx := context.Background()
		one, _ := open(t, e, 1)
		other, minter := open(t, e, 1)
		s, err := one.NewSubject(ctx, dbtest.Start)
		if err != nil {
			t.Fatal(err)
		}
		if err := one.Keep(ctx, s); err != nil {
			t.Fatal(err)
		}
		item := vault.Sealed{Subject: s.ID, Element: "email", Place: "a", Data: s.Seal("a", []byte("x@example.com"))}
		permit := minter.Permit("communicate", []string{s.ID}, []string{"email"})
		if got, err := other.Open(ctx, permit, []vault.Sealed{item}); err != nil || string(got[0]) != "x@example.com" {
			t.Fatalf("%q, %v", got, err)
		}
		if err := one.Shred(ctx, s.ID); err != nil {
			t.Fatal(err)
		}
		if got, err := other.Open(ctx, permit, []vault.Sealed{item}); errs.KindOf(err) != errs.NotFound || got != nil {
			t.Errorf("%q, %v", got, err)
		}
	})
}
