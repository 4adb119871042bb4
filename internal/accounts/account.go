package accounts

import (
	"database/sql"
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"time"

	"prasan/internal/db"
	"prasan/internal/errs"
	"prasan/internal/policy"
	"prasan/internal/thai"
)

// Roles are what an account may be.
var Roles = []string{"officer", "registrar", "head", "dpo", "ict", "auditor", "admin"}

// Account is a person who works with the program (บัญชีผู้ใช้งาน).
type Account struct {
	Name       string
	Display    policy.Text
	Person     string // person key where the record names persons
	Email      string
	Agency     string
	Roles      []string
	MustChange bool // the password is one that somebody else has seen
	HasTOTP    bool
	Disabled   bool
	CreatedAt  time.Time

	version      int64
	passwordHash string
	totpSealed   []byte
	totpLast     int64
}

var nameForm = regexp.MustCompile(`^[a-z][a-z0-9.-]{1,38}[a-z0-9]$`)

// reserved are names that audit lines use for what is no person.
var reserved = []string{"system", "sender", "console", "public"}

// check cleans an account and says what is wrong with it. knows tells whether an
// agency exists.
func (a *Account) check(knows func(agency string) bool) error {
	var bad []errs.Field
	wrong := func(field, key string, args ...any) { bad = append(bad, errs.Field{Name: field, Key: key, Args: args}) }
	a.Name = strings.ToLower(strings.TrimSpace(a.Name))
	if !nameForm.MatchString(a.Name) || slices.Contains(reserved, a.Name) {
		wrong("name", "error.account-name")
	}
	var err error
	if a.Display.TH, err = thai.CleanText(a.Display.TH, 100); err != nil || a.Display.TH == "" {
		wrong("display_th", "error.required")
	}
	if a.Display.EN, err = thai.CleanText(a.Display.EN, 100); err != nil {
		wrong("display_en", "error.required")
	}
	if a.Display.EN == "" {
		a.Display.EN = a.Display.TH
	}
	if a.Email != "" {
		if a.Email, err = thai.CleanEmail(a.Email); err != nil {
			wrong("email", "error.email")
		}
	}
	if !knows(a.Agency) {
		wrong("agency", "error.agency-unknown")
	}
	if !knownRoles(a.Roles) {
		wrong("roles", "error.roles", "known", strings.Join(Roles, ", "))
	}
	return errs.InvalidFields(bad)
}

func knownRoles(roles []string) bool {
	for _, r := range roles {
		if !slices.Contains(Roles, r) {
			return false
		}
	}
	return len(roles) > 0
}

const columns = `name, display_th, display_en, person, email, agency, roles, password_hash, must_change, totp_sealed, totp_last, disabled, version, created_at`

func scan(row func(dest ...any) error) (Account, error) {
	var a Account
	var roles string
	var created int64
	err := row(&a.Name, &a.Display.TH, &a.Display.EN, &a.Person, &a.Email, &a.Agency, &roles, &a.passwordHash, &a.MustChange, &a.totpSealed, &a.totpLast, &a.Disabled, &a.version, &created)
	if err != nil {
		return a, err
	}
	a.HasTOTP, a.CreatedAt = len(a.totpSealed) > 0, db.Time(created)
	return a, json.Unmarshal([]byte(roles), &a.Roles)
}

// byName reads an account; errs.NotFound when there is none.
func byName(tx *db.Tx, name string) (Account, error) {
	return scan(func(dest ...any) error {
		return tx.QueryRow(`SELECT `+columns+` FROM accounts WHERE name = $1`, []any{name}, dest...)
	})
}

func insert(tx *db.Tx, a Account) error {
	roles, err := json.Marshal(a.Roles)
	if err != nil {
		return err
	}
	_, err = tx.Exec(`INSERT INTO accounts (`+columns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`,
		a.Name, a.Display.TH, a.Display.EN, a.Person, a.Email, a.Agency, string(roles), a.passwordHash, a.MustChange, a.totpSealed, int64(0), false, int64(1), db.Micros(tx.Now()))
	return err
}

func list(tx *db.Tx, where string, args ...any) ([]Account, error) {
	var out []Account
	err := tx.Each(`SELECT `+columns+` FROM accounts WHERE `+where, args, func(rows *sql.Rows) error {
		a, err := scan(rows.Scan)
		out = append(out, a)
		return err
	})
	return out, err
}
