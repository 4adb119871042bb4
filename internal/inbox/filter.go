package inbox

import (
	"slices"
	"strings"

	"prasan/internal/saraban/ecms"
)

// Deed is what is done with a mail.
type Deed string

const (
	Drop       Deed = "drop"     // kept, and shown to nobody unless he asks
	Return     Deed = "return"   // a mail of ours came back
	ToCase     Deed = "case"     // written on the case by its sender
	ToReferral Deed = "referral" // the agency's answer
	Hear       Deed = "hear"     // the agency says that it has a letter, or sends it back
	Enter      Deed = "letter"   // a letter that machines can read, into the register
	Hold       Deed = "hold"     // waits for a person
)

// Verdict is a filter's decision: what is done, and the reason, by a word that the
// catalogue has under inbox.why-.
type Verdict struct {
	Do  Deed
	Why string
}

// Facts are what is known of a mail beside the mail itself.
type Facts struct {
	Unreadable bool
	Ours       bool // it is a mail of this installation, or bears its mark
	Flood      bool // its sender has written more than a person does
	Authentic  Authentic
	Claims     string // agency whose mailbox the sender's address is; "" for none
	Thread     Thread
	Letter     *ecms.Letter // for machines
	Told       *ecms.Notice // about a letter of ours
}

// Thread is what a mail answers.
type Thread struct {
	Message  string // of ours
	Keyed    bool   // found by the address that only its receiver knows
	Case     string
	Referral string
	Expected bool // the sender's address is the one that the message was for
	Known    bool // what it answers is still kept
}

// Question is one filter: what is asked of a mail.
type Question struct {
	Name string
	Ask  func(m *Mail, f *Facts) (Verdict, bool)
}

// Filters are asked in this order; the first that answers decides.
var Filters = []Question{
	{"unreadable", unreadable},
	{"loop", loop},
	{"bounce", bounce},
	{"letter", machineLetter},
	{"automatic", automatic},
	{"flood", flood},
	{"forged", forged},
	{"thread", threaded},
	{"agency", ofAgency},
	{"stranger", ofStranger},
}

// Judge asks the filters. The name is that of the one which decided.
func Judge(m *Mail, f *Facts) (Verdict, string) {
	for _, x := range Filters {
		if v, ok := x.Ask(m, f); ok {
			return v, x.Name
		}
	}
	return Verdict{Hold, "stranger"}, ""
}

// unreadable: too large, too deep, or no mail at all.
func unreadable(_ *Mail, f *Facts) (Verdict, bool) { return Verdict{Hold, "unreadable"}, f.Unreadable }

// loop: what this installation has sent must not come in as somebody's words.
func loop(m *Mail, f *Facts) (Verdict, bool) {
	return Verdict{Drop, "loop"}, f.Ours && m.Report == nil
}

// bounce: a report about a delivery (RFC 3464). One that says only that it takes longer
// changes nothing.
func bounce(m *Mail, f *Facts) (Verdict, bool) {
	if m.Report == nil {
		return Verdict{}, false
	}
	if !m.Report.Failed {
		return Verdict{Drop, "delayed"}, true
	}
	return Verdict{Return, "bounce"}, true
}

// machineLetter: a letter of another system. That of an agency whose domain vouches for it
// goes into the register of what arrived; any other waits.
func machineLetter(_ *Mail, f *Facts) (Verdict, bool) {
	return Verdict{Enter, "letter"}, f.Letter != nil && f.Claims != "" && f.Authentic == Proven && f.Thread.Message == ""
}

// automatic: answers of programs, lists, and reports that are no proper ones (RFC 3834,
// RFC 2369, RFC 5321 section 4.5.5).
func automatic(m *Mail, _ *Facts) (Verdict, bool) {
	auto, _, _ := strings.Cut(strings.ToLower(strings.Join(m.Field("Auto-Submitted"), " ")), ";")
	if auto = strings.TrimSpace(auto); auto != "" && auto != "no" {
		return Verdict{Drop, "automatic"}, true
	}
	for _, name := range []string{"List-Id", "List-Unsubscribe", "X-Autoreply", "X-Autorespond", "X-Auto-Reply", "X-Mailing-List"} {
		if len(m.Field(name)) > 0 {
			return Verdict{Drop, "automatic"}, true
		}
	}
	for _, v := range m.Field("Precedence") {
		if slices.Contains([]string{"bulk", "junk", "list", "auto_reply"}, strings.ToLower(strings.TrimSpace(v))) {
			return Verdict{Drop, "automatic"}, true
		}
	}
	for _, v := range m.Field("Return-Path") {
		if strings.TrimSpace(v) == "<>" {
			return Verdict{Hold, "returned"}, true // perhaps a report in somebody's own words
		}
	}
	return Verdict{}, false
}

// flood: who writes that often is no person, or is in a loop with ours.
func flood(_ *Mail, f *Facts) (Verdict, bool) { return Verdict{Hold, "flood"}, f.Flood }

// forged: the sender's domain itself says that the mail is not its own (RFC 7489), or the
// mail names several senders, or none.
func forged(m *Mail, f *Facts) (Verdict, bool) {
	if m.Senders != 1 || m.From.Address == "" {
		return Verdict{Hold, "sender"}, true
	}
	if f.Authentic == Refuted {
		if f.Claims != "" {
			return Verdict{Hold, "agency-forged"}, true
		}
		return Verdict{Hold, "forged"}, true
	}
	return Verdict{}, false
}

// threaded: an answer to a message of ours, by whom it was sent to. A citizen's reply is
// known by the keyed address, or by a Message-ID where his domain vouches for the mail;
// an agency's answer binds the state, and needs the domain's word in any case.
func threaded(m *Mail, f *Facts) (Verdict, bool) {
	t := f.Thread
	switch {
	case t.Message == "":
		return Verdict{}, false
	case !t.Known:
		return Verdict{Hold, "old"}, true
	case !t.Expected && f.Claims == "":
		return Verdict{Hold, "other-sender"}, true
	case !t.Expected:
		return Verdict{Hold, "other-agency"}, true
	case t.Case != "" && t.Referral == "" && (t.Keyed || f.Authentic == Proven):
		return Verdict{ToCase, "reply"}, true
	case t.Case != "" && t.Referral == "":
		return Verdict{Hold, "unkeyed"}, true
	case f.Authentic != Proven:
		return Verdict{Hold, "agency-unproven"}, true
	case f.Told != nil:
		return Verdict{Hear, "receipt"}, true
	case t.Referral != "":
		return Verdict{ToReferral, "answer"}, true
	}
	return Verdict{Hold, "letter-answer"}, true
}

// ofAgency: an agency writes of its own accord, or somebody in its name.
func ofAgency(_ *Mail, f *Facts) (Verdict, bool) {
	if f.Authentic == Proven {
		return Verdict{Hold, "agency"}, f.Claims != ""
	}
	return Verdict{Hold, "agency-unproven"}, f.Claims != ""
}

func ofStranger(*Mail, *Facts) (Verdict, bool) { return Verdict{Hold, "stranger"}, true }
