package accounts

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"encoding/json"
	"strings"
	"time"

	"prasan/internal/db"
	"prasan/internal/errs"
)

// ChangePassword sets a new password of one's own. Every other session ends; the
// answer is a new one in place of the present. In a full session the present password
// is asked for again.
func (s *Service) ChangePassword(ctx context.Context, x Session, current, next string) (Opened, error) {
	if x.Stage == StageFull && !verifyPassword(x.Account.passwordHash, current) {
		return Opened{}, errs.InvalidField("current", "error.password-current")
	}
	if err := checkPassword("password", next, x.Account); err != nil {
		return Opened{}, err
	}
	if verifyPassword(x.Account.passwordHash, next) {
		return Opened{}, errs.InvalidField("password", "error.password-same")
	}
	hash := HashPassword(next)
	return s.renew(ctx, x, "password", func(tx *db.Tx) error {
		n, err := tx.Exec(`UPDATE accounts SET password_hash = $1, must_change = FALSE, version = version + 1 WHERE name = $2 AND version = $3 AND disabled = FALSE`, hash, x.Account.Name, x.Account.version)
		return once(n, err)
	})
}

func once(n int64, err error) error {
	if err == nil && n != 1 {
		return errs.New(errs.Conflict, "error.conflict")
	}
	return err
}

// renew changes the account, ends all its sessions and opens the next one.
func (s *Service) renew(ctx context.Context, x Session, action string, change func(tx *db.Tx) error) (Opened, error) {
	var out Opened
	err := s.DB.InTx(ctx, func(tx *db.Tx) error {
		if _, err := readSession(tx, x.hash); err != nil {
			return errs.Wrap(err, errs.Unauthorized, "error.unauthorized")
		}
		if err := change(tx); err != nil {
			return err
		}
		a, err := byName(tx, x.Account.Name)
		if err != nil {
			return err
		}
		if err := endSessions(tx, a.Name); err != nil {
			return err
		}
		if out, err = s.openSession(tx, a, nextStage(a), x.Lang); err != nil {
			return err
		}
		return s.log(tx, a.Name, action, a.Name, nil)
	})
	return out, err
}

// pending is an enrolment under way: it travels sealed in the form, so that nothing is
// stored before the app has shown that it holds the secret.
type pending struct {
	Secret  string
	Version int64
	Until   time.Time
}

const enrolTime = 30 * time.Minute

func pendingPlace(x Session) string { return "enrol:" + x.Account.Name + ":" + x.ID }

// BeginEnrolment makes a new secret for an authenticator; state goes into the form.
func (s *Service) BeginEnrolment(x Session) (e Enrolment, state string, err error) {
	p := pending{Secret: newSecret(), Version: x.Account.version, Until: x.SeenAt.Add(enrolTime)}
	plain, err := json.Marshal(p)
	if err != nil {
		return e, "", err
	}
	sealed := s.Vault.SealSystem(pendingPlace(x), plain)
	return enrolment(s.Issuer, x.Account.Name, p.Secret), base32.StdEncoding.EncodeToString(sealed), nil
}

// PendingEnrolment shows an enrolment again after a wrong code.
func (s *Service) PendingEnrolment(x Session, state string) (Enrolment, error) {
	p, err := s.openPending(x, state)
	return enrolment(s.Issuer, x.Account.Name, p.Secret), err
}

func (s *Service) openPending(x Session, state string) (pending, error) {
	var p pending
	sealed, err := base32.StdEncoding.DecodeString(state)
	if err == nil {
		sealed, err = s.Vault.OpenSystem(pendingPlace(x), sealed)
	}
	if err == nil {
		err = json.Unmarshal(sealed, &p)
	}
	if err != nil || p.Version != x.Account.version || p.Until.Before(x.SeenAt) {
		return p, errs.Wrap(err, errs.Conflict, "error.enrolment-old")
	}
	return p, nil
}

// Enrol takes the secret into use once a code of it is right, and returns ten recovery
// codes, which are shown this once. Who has enrolled before gives his password too.
func (s *Service) Enrol(ctx context.Context, x Session, state, code, password string) (Opened, []string, error) {
	if x.Stage == StagePassword {
		return Opened{}, nil, errs.New(errs.Forbidden, "error.forbidden")
	}
	p, err := s.openPending(x, state)
	if err != nil {
		return Opened{}, nil, err
	}
	if x.Stage == StageFull && !verifyPassword(x.Account.passwordHash, password) {
		return Opened{}, nil, errs.InvalidField("current", "error.password-current")
	}
	codes := recoveryCodes()
	out, err := s.renew(ctx, x, "enrol", func(tx *db.Tx) error {
		at, ok := matchTOTP(p.Secret, code, tx.Now())
		if !ok {
			return errs.InvalidField("code", "error.code")
		}
		sealed := s.Vault.SealSystem("accounts:"+x.Account.Name+":totp", []byte(p.Secret))
		if err := once(tx.Exec(`UPDATE accounts SET totp_sealed = $1, totp_last = $2, version = version + 1 WHERE name = $3 AND version = $4 AND disabled = FALSE`, sealed, at, x.Account.Name, x.Account.version)); err != nil {
			return err
		}
		return s.keepCodes(tx, x.Account.Name, codes)
	})
	return out, codes, err
}

// NewRecoveryCodes replaces the codes; those of before no longer work.
func (s *Service) NewRecoveryCodes(ctx context.Context, x Session, password string) ([]string, error) {
	if x.Stage != StageFull {
		return nil, errs.New(errs.Forbidden, "error.forbidden")
	}
	if !verifyPassword(x.Account.passwordHash, password) {
		return nil, errs.InvalidField("current", "error.password-current")
	}
	codes := recoveryCodes()
	err := s.DB.InTx(ctx, func(tx *db.Tx) error {
		if err := s.keepCodes(tx, x.Account.Name, codes); err != nil {
			return err
		}
		return s.log(tx, x.Account.Name, "recovery-codes", x.Account.Name, nil)
	})
	return codes, err
}

// RecoveryCodesLeft counts the codes that still work.
func (s *Service) RecoveryCodesLeft(ctx context.Context, account string) (n int, err error) {
	err = s.DB.Read(ctx, func(tx *db.Tx) error {
		return tx.QueryRow(`SELECT COUNT(*) FROM recovery_codes WHERE account = $1 AND used_at = 0`, []any{account}, &n)
	})
	return n, err
}

// recoveryCodes are ten codes of 50 bits, without letters that look alike.
func recoveryCodes() []string {
	alphabet := base32.NewEncoding("abcdefghjkmnpqrstuvwxyz023456789").WithPadding(base32.NoPadding)
	out := make([]string, 10)
	for i := range out {
		b := make([]byte, 7)
		rand.Read(b)
		s := alphabet.EncodeToString(b)
		out[i] = s[:5] + "-" + s[5:10]
	}
	return out
}

func plainCode(code string) string {
	return strings.Map(dropSpace, strings.ToLower(strings.TrimSpace(code)))
}

func (s *Service) recoveryHash(account, code string) []byte {
	return keyed(s.recoveryKey, account+"\x00"+plainCode(code))
}

func (s *Service) keepCodes(tx *db.Tx, account string, codes []string) error {
	if _, err := tx.Exec(`DELETE FROM recovery_codes WHERE account = $1`, account); err != nil {
		return err
	}
	for _, c := range codes {
		if _, err := tx.Exec(`INSERT INTO recovery_codes (account, hash) VALUES ($1, $2)`, account, s.recoveryHash(account, c)); err != nil {
			return err
		}
	}
	return nil
}

// redeem uses a recovery code up.
func (s *Service) redeem(tx *db.Tx, account, code string) (bool, error) {
	n, err := tx.Exec(`UPDATE recovery_codes SET used_at = $1 WHERE account = $2 AND hash = $3 AND used_at = 0`, db.Micros(tx.Now()), account, s.recoveryHash(account, code))
	if err != nil || n == 0 {
		return false, err
	}
	return true, s.log(tx, account, "recovery-code-used", account, nil)
}
