package policy

import "slices"

// scope is how far a role reaches.
type scope int

const (
	none       scope = iota
	own              // the actor's own agency
	everywhere       // all agencies of the installation
)

// grants says what the roles may do. It governs acts on cases and on the
// installation; whether personal data may be read is the record's to say (MayRead).
var grants = map[string]map[string]scope{
	"case.list":       {"officer": own, "registrar": own, "head": own, "dpo": everywhere, "ict": everywhere, "auditor": everywhere, "admin": everywhere},
	"case.receive":    {"officer": own, "registrar": own, "head": own, "ict": everywhere, "admin": everywhere},
	"case.work":       {"officer": own, "head": own, "admin": everywhere},
	"case.route":      {"officer": own, "registrar": own, "head": own, "ict": everywhere, "admin": everywhere},
	"case.sift":       {"officer": own, "registrar": own, "head": own, "ict": everywhere, "admin": everywhere},
	"case.reissue":    {"officer": own, "registrar": own, "head": own, "admin": everywhere},
	"case.chain":      {"head": own, "ict": everywhere, "admin": everywhere},
	"case.shielded":   {"head": own, "dpo": everywhere, "auditor": everywhere, "admin": everywhere},
	"letter.read":     {"officer": own, "registrar": own, "head": own, "dpo": everywhere, "auditor": everywhere, "admin": everywhere},
	"letter.secret":   {"registrar": own, "head": own, "admin": everywhere},
	"letter.draft":    {"officer": own, "registrar": own, "head": own, "dpo": everywhere, "ict": everywhere, "admin": everywhere},
	"letter.check":    {"officer": own, "registrar": own, "head": own, "admin": everywhere},
	"letter.number":   {"registrar": own, "head": own, "admin": everywhere},
	"letter.dispatch": {"registrar": own, "head": own, "admin": everywhere},
	"letter.cancel":   {"officer": own, "registrar": own, "head": own, "admin": everywhere},
	"letter.receive":  {"registrar": own, "head": own, "admin": everywhere},
	"letter.answer":   {"officer": own, "registrar": own, "head": own, "admin": everywhere},
	"mail.read":       {"officer": own, "registrar": own, "head": own, "dpo": everywhere, "auditor": everywhere, "admin": everywhere},
	"mail.work":       {"officer": own, "registrar": own, "head": own, "admin": everywhere},
	"log.read":        {"dpo": everywhere, "auditor": everywhere, "admin": everywhere},
	"evidence.make":   {"dpo": everywhere, "auditor": everywhere, "admin": everywhere},
	"library.work":    {"head": own, "registrar": own, "dpo": everywhere, "ict": everywhere, "admin": everywhere},
	"review.read":     {"head": own, "dpo": everywhere, "ict": everywhere, "auditor": everywhere, "admin": everywhere},
	"retention.read":  {"officer": own, "registrar": own, "head": own, "dpo": everywhere, "ict": everywhere, "auditor": everywhere, "admin": everywhere},
	"retention.work":  {"officer": own, "registrar": own, "head": own, "ict": everywhere, "admin": everywhere},
	"retention.hold":  {"head": own, "dpo": everywhere, "admin": everywhere},
	"breach.report":   {"officer": own, "registrar": own, "head": own, "dpo": everywhere, "ict": everywhere, "auditor": everywhere, "admin": everywhere},
	"breach.read":     {"head": own, "dpo": everywhere, "ict": everywhere, "auditor": everywhere, "admin": everywhere},
	"breach.work":     {"head": own, "dpo": everywhere, "ict": everywhere, "admin": everywhere},
	"breach.decide":   {"head": own, "dpo": everywhere, "admin": everywhere},
	"rights.read":     {"officer": own, "registrar": own, "head": own, "dpo": everywhere, "auditor": everywhere, "admin": everywhere},
	"rights.work":     {"officer": own, "head": own, "dpo": everywhere, "admin": everywhere},
	"rights.decide":   {"head": own, "dpo": everywhere, "admin": everywhere},
	"usage.read":      {"officer": own, "registrar": own, "head": own, "dpo": everywhere, "ict": everywhere, "auditor": everywhere, "admin": everywhere},
	"usage.work":      {"head": own, "ict": everywhere, "admin": everywhere},
	"usage.sign":      {"head": own, "ict": everywhere, "admin": everywhere},
	"usage.admin":     {"ict": everywhere, "admin": everywhere},
	"usage.erase":     {"dpo": everywhere, "ict": everywhere, "admin": everywhere},
	"news.work":       {"officer": own, "head": own, "ict": everywhere, "admin": everywhere},
	"account.admin":   {"ict": everywhere, "admin": everywhere},
	"site.admin":      {"ict": everywhere, "admin": everywhere},
	"copies.read":     {"dpo": everywhere, "ict": everywhere, "auditor": everywhere, "admin": everywhere},
	"copies.work":     {"ict": everywhere, "admin": everywhere},
	"keys.rotate":     {"ict": everywhere, "admin": everywhere},
	"record.read":     {"officer": everywhere, "registrar": everywhere, "head": everywhere, "dpo": everywhere, "ict": everywhere, "auditor": everywhere, "admin": everywhere},
	"record.prepare":  {"dpo": everywhere, "ict": everywhere, "head": everywhere, "admin": everywhere},
}

// May tells whether one of the actor's roles reaches agency for the action. An action
// that is not in the table is nobody's.
func May(a Actor, action, agency string) bool {
	for _, role := range a.Roles {
		switch grants[action][role] {
		case everywhere:
			return true
		case own:
			if agency == a.Agency {
				return true
			}
		}
	}
	return false
}

// Reach returns the agencies of an action: all of them, or the actor's own, or none.
func Reach(a Actor, action string) (all bool, agency string) {
	for _, role := range a.Roles {
		switch grants[action][role] {
		case everywhere:
			return true, ""
		case own:
			agency = a.Agency
		}
	}
	return false, agency
}

// Actions lists the actions of the table, sorted, for the docs.
func Actions() []string {
	out := make([]string, 0, len(grants))
	for a := range grants {
		out = append(out, a)
	}
	slices.Sort(out)
	return out
}
