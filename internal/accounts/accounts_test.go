package accounts_test

import (
	"context"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"prasan/internal/accounts"
	"prasan/internal/audit"
	"prasan/internal/db"
	"prasan/internal/db/dbtest"
	"prasan/internal/errs"
	"prasan/internal/limits"
	"prasan/internal/org"
	"prasan/internal/policy"
	"prasan/internal/vault"
)

var ctx = context.Background()

const phrase = "mangosteen river copper lantern"

var ict = policy.Actor{Account: "ict", Agency: "ops", Roles: []string{"ict"}}

type house struct {
	*accounts.Service
	t *testing.T
	e *dbtest.Engine
}

func newHouse(t *testing.T, e *dbtest.Engine) house {
	t.Helper()
	ring, err := db.Open(ctx, "sqlite:"+filepath.Join(t.TempDir(), "keyring.db"), db.Options{Clock: e.Clock})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ring.Close() })
	master, err := vault.NewMaster(make([]byte, 32))
	if err != nil {
		t.Fatal(err)
	}
	v, _, err := vault.Open(ctx, ring, master)
	if err != nil {
		t.Fatal(err)
	}
	if err := e.DB.InTx(ctx, func(tx *db.Tx) error { return org.Put(tx, org.Bodies("industry.test")) }); err != nil {
		t.Fatal(err)
	}
	dir, err := org.NewDirectory(ctx, e.DB)
	if err != nil {
		t.Fatal(err)
	}
	return house{accounts.New(accounts.Deps{DB: e.DB, Audit: audit.New("test"), Vault: v, Limits: limits.New(v.Derive("limits"), false), Agencies: dir}), t, e}
}

func (h house) add(name string, roles ...string) (password string) {
	h.t.Helper()
	_, password, err := h.Add(ctx, accounts.Console, accounts.Account{Name: name, Display: policy.Text{TH: "นายทดสอบ", EN: "Test"}, Agency: "rayong", Roles: roles})
	if err != nil {
		h.t.Fatal(err)
	}
	return password
}

func (h house) session(o accounts.Opened) accounts.Session {
	h.t.Helper()
	x, err := h.Session(ctx, o.Cookie)
	if err != nil {
		h.t.Fatal(err)
	}
	return x
}

func (h house) code(secret string) string {
	code, err := totp.GenerateCode(secret, h.e.Clock.Now())
	if err != nil {
		h.t.Fatal(err)
	}
	return code
}

// enrolled is an account that has gone through its first sign-in.
func (h house) enrolled(name string, roles ...string) (secret string, codes []string, o accounts.Opened) {
	h.t.Helper()
	once := h.add(name, roles...)
	o, err := h.SignIn(ctx, accounts.SignIn{Account: name, Password: once})
	if err != nil || o.Stage != accounts.StagePassword {
		h.t.Fatalf("first sign-in: %v %+v", err, o)
	}
	if o, err = h.ChangePassword(ctx, h.session(o), "", phrase); err != nil || o.Stage != accounts.StageEnrol {
		h.t.Fatalf("change: %v %+v", err, o)
	}
	x := h.session(o)
	e, state, err := h.BeginEnrolment(x)
	if err != nil {
		h.t.Fatal(err)
	}
	if o, codes, err = h.Enrol(ctx, x, state, h.code(e.Secret), ""); err != nil || o.Stage != accounts.StageFull {
		h.t.Fatalf("enrol: %v %+v", err, o)
	}
	return e.Secret, codes, o
}

func TestFirstSignInLeadsThroughPasswordAndEnrolmentToWork(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		h := newHouse(t, e)
		_, codes, o := h.enrolled("officer", "officer")
		if x := h.session(o); x.Actor.Account != "officer" || x.Actor.Agency != "rayong" || len(codes) != 10 {
			t.Errorf("%+v, %d codes", x.Actor, len(codes))
		}
	})
}

func TestASessionThatIsNotFullHasNoActor(t *testing.T) {
	h := newHouse(t, dbtest.SQLite(t))
	o, err := h.SignIn(ctx, accounts.SignIn{Account: "officer", Password: h.add("officer", "officer")})
	if err != nil {
		t.Fatal(err)
	}
	if x := h.session(o); x.Actor.Account != "" || len(x.Actor.Roles) != 0 {
		t.Errorf("%+v", x.Actor)
	}
}

func TestWhatIsWrongIsNotTold(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		h := newHouse(t, e)
		secret, _, _ := h.enrolled("officer", "officer")
		e.Clock.Advance(time.Minute)
		for name, in := range map[string]accounts.SignIn{
			"account":  {Account: "nobody", Password: phrase, Code: h.code(secret)},
			"password": {Account: "officer", Password: phrase + "x", Code: h.code(secret)},
			"code":     {Account: "officer", Password: phrase, Code: "000000"},
			"no code":  {Account: "officer", Password: phrase},
			"long":     {Account: "officer", Password: strings.Repeat("x", 2000), Code: h.code(secret)},
		} {
			_, err := h.SignIn(ctx, in)
			if e := errs.As(err); err == nil || e.Kind != errs.Unauthorized || e.Key != "error.signin" {
				t.Errorf("%s: %v", name, err)
			}
		}
		if _, err := h.SignIn(ctx, accounts.SignIn{Account: " Officer ", Password: phrase, Code: h.code(secret)}); err != nil {
			t.Errorf("all right: %v", err)
		}
	})
}

func TestACodeWorksOnceEvenForTwoAtATime(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		h := newHouse(t, e)
		secret, _, _ := h.enrolled("officer", "officer")
		e.Clock.Advance(time.Minute)
		var wg sync.WaitGroup
		var in [3]error
		for i := range in {
			wg.Add(1)
			go func() {
				defer wg.Done()
				_, in[i] = h.SignIn(ctx, accounts.SignIn{Account: "officer", Password: phrase, Code: h.code(secret)})
			}()
		}
		wg.Wait()
		right := 0
		for _, err := range in {
			if err == nil {
				right++
			}
		}
		if right != 1 {
			t.Errorf("the code was taken %d times: %v", right, in)
		}
	})
}

func TestARecoveryCodeStandsInOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		h := newHouse(t, e)
		_, codes, _ := h.enrolled("officer", "officer")
		in := accounts.SignIn{Account: "officer", Password: phrase, Code: strings.ToUpper(strings.ReplaceAll(codes[3], "-", " "))}
		if _, err := h.SignIn(ctx, in); err != nil {
			t.Fatal(err)
		}
		if _, err := h.SignIn(ctx, in); errs.KindOf(err) != errs.Unauthorized || err == nil {
			t.Errorf("used again: %v", err)
		}
		if n, err := h.RecoveryCodesLeft(ctx, "officer"); err != nil || n != 9 {
			t.Errorf("%d left, %v", n, err)
		}
	})
}

func TestAttemptsAreLimited(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		h := newHouse(t, e)
		in := accounts.SignIn{Account: "nobody", Password: "x", Addr: "192.0.2.1"}
		for range 10 {
			if _, err := h.SignIn(ctx, in); errs.KindOf(err) != errs.Unauthorized {
				t.Fatal(err)
			}
		}
		if _, err := h.SignIn(ctx, in); errs.KindOf(err) != errs.TooMany {
			t.Errorf("the eleventh: %v", err)
		}
		e.Clock.Advance(16 * time.Minute)
		if _, err := h.SignIn(ctx, in); errs.KindOf(err) != errs.Unauthorized {
			t.Errorf("later: %v", err)
		}
	})
}

func TestSessionsEnd(t *testing.T) {
	for name, end := range map[string]func(h house, o accounts.Opened){
		"idle":     func(h house, _ accounts.Opened) { h.e.Clock.Advance(8*time.Hour + time.Minute) },
		"sign-out": func(h house, o accounts.Opened) { h.check(h.SignOut(ctx, o.Cookie)) },
		"disable":  func(h house, _ accounts.Opened) { h.check(h.Disable(ctx, ict, "officer")) },
		"roles": func(h house, _ accounts.Opened) {
			h.check(h.Move(ctx, ict, "officer", "rayong", []string{"registrar"}))
		},
		"reset": func(h house, _ accounts.Opened) { _, err := h.Reset(ctx, ict, "officer"); h.check(err) },
		"password": func(h house, o accounts.Opened) {
			_, err := h.ChangePassword(ctx, h.session(o), phrase, "another long and quiet sentence")
			h.check(err)
		},
		"absolute": func(h house, o accounts.Opened) {
			for range 13 {
				h.e.Clock.Advance(time.Hour)
				_, _ = h.Session(ctx, o.Cookie)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t, dbtest.SQLite(t))
			_, _, o := h.enrolled("officer", "officer")
			h.e.Clock.Advance(2 * time.Hour)
			h.session(o)
			end(h, o)
			if _, err := h.Session(ctx, o.Cookie); errs.KindOf(err) != errs.Unauthorized {
				t.Errorf("the session lives on: %v", err)
			}
		})
	}
}

func (h house) check(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

func TestATokenWorksUntilItIsRevokedOrItsHolderDisabled(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		h := newHouse(t, e)
		h.add("officer", "officer")
		me := policy.Actor{Account: "officer"}
		first, text, err := h.CreateToken(ctx, me, "officer", "script")
		h.check(err)
		_, second, err := h.CreateToken(ctx, accounts.Console, "officer", "other")
		h.check(err)
		if !strings.HasPrefix(text, "prs_") || len(text) != 47 {
			t.Errorf("token %q", text)
		}
		if a, _, err := h.Authenticate(ctx, text); err != nil || a.Account != "officer" || a.Agency != "rayong" {
			t.Errorf("%+v %v", a, err)
		}
		h.check(h.RevokeToken(ctx, me, first.ID))
		if _, _, err := h.Authenticate(ctx, text); errs.KindOf(err) != errs.Unauthorized {
			t.Errorf("revoked: %v", err)
		}
		h.check(h.Disable(ctx, ict, "officer"))
		if _, _, err := h.Authenticate(ctx, second); errs.KindOf(err) != errs.Unauthorized {
			t.Errorf("disabled: %v", err)
		}
	})
}

func TestWhoMayAdminister(t *testing.T) {
	h := newHouse(t, dbtest.SQLite(t))
	h.add("boss", "admin")
	h.add("officer", "officer")
	for name, row := range map[string]struct {
		by     policy.Actor
		target string
	}{
		"an officer nobody":             {policy.Actor{Account: "x", Agency: "rayong", Roles: []string{"officer", "head"}}, "officer"},
		"ICT no administrator":          {ict, "boss"},
		"an administrator not himself":  {policy.Actor{Account: "boss", Roles: []string{"admin"}}, "boss"},
		"an auditor reads and does not": {policy.Actor{Account: "a", Roles: []string{"auditor"}}, "officer"},
	} {
		if _, err := h.Reset(ctx, row.by, row.target); errs.KindOf(err) != errs.Forbidden || err == nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := h.Move(ctx, ict, "officer", "rayong", []string{"admin"}); errs.KindOf(err) != errs.Forbidden {
		t.Errorf("ICT made an administrator: %v", err)
	}
}

func TestPasswordsThatAreTriedFirstAreRefused(t *testing.T) {
	h := newHouse(t, dbtest.SQLite(t))
	o, err := h.SignIn(ctx, accounts.SignIn{Account: "somchai", Password: h.add("somchai", "officer")})
	h.check(err)
	x := h.session(o)
	for _, bad := range []string{"short", "aaaaaaaaaaaaaa", "123456789012", "qwertyuiop123", "P@ssw0rd2026!!", "rayong123456", "Industry#2569", "abcabcabcabc", "somchai-2026!!", "1qaz2wsx3edc", "Thailand4.0!!", "passwordpassword", "รหัสผ่าน123456", "admin123admin123", strings.Repeat("ก ข ค ง จ ฉ ", 100)} {
		if _, err := h.ChangePassword(ctx, x, "", bad); errs.KindOf(err) != errs.Invalid {
			t.Errorf("%q: %v", bad, err)
		}
	}
	for _, good := range []string{phrase} {
		if _, err := h.ChangePassword(ctx, x, "", good); err != nil {
			t.Errorf("%q: %v", good, err)
		}
	}
}

func TestTheQRCodeIsMadeHere(t *testing.T) {
	h := newHouse(t, dbtest.SQLite(t))
	o, err := h.SignIn(ctx, accounts.SignIn{Account: "officer", Password: h.add("officer", "officer")})
	h.check(err)
	e, _, err := h.BeginEnrolment(h.session(o))
	h.check(err)
	m, err := e.QR()
	h.check(err)
	for i := range 7 { // a finder pattern begins with seven dark modules, then a light one
		if !m[0][i] || !m[i][0] {
			t.Fatal("no finder pattern in the corner")
		}
	}
	if m[0][7] || (len(m)-17)%4 != 0 {
		t.Errorf("%d modules", len(m))
	}
}
