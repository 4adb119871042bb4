package cases_test

import (
	"strings"
	"testing"
	"time"

	"prasan/internal/cases"
	"prasan/internal/db/dbtest"
	"prasan/internal/errs"
	"prasan/internal/jobs"
)

func TestTheSameNonceGivesTheSameReceiptThoughTheCodeIsHashed(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		h := newHouse(t, e)
		sub := h.whole()
		first, err := h.cases.Submit(ctx, sub)
		must(t, err)
		again, err := h.cases.Submit(ctx, sub)
		must(t, err)
		if !again.Repeated || again.Reference != first.Reference || again.Code != first.Code || again.CaseID != first.CaseID {
			t.Errorf("%+v\n%+v", first, again)
		}
		receipt, err := h.cases.Again(ctx, sub.Nonce)
		must(t, err)
		if receipt.Code != first.Code || receipt.Reference != first.Reference {
			t.Errorf("%+v", receipt)
		}
		if n := h.count(`SELECT COUNT(*) FROM cases`); n != 1 {
			t.Errorf("%d cases", n)
		}
		if n := h.count(`SELECT COUNT(*) FROM outbox WHERE kind = 'ack'`); n != 1 {
			t.Errorf("%d acknowledgements", n)
		}
		id, err := h.cases.Find(ctx, first.Reference, first.Code, "192.0.2.1")
		if err != nil || id != first.CaseID {
			t.Errorf("%s, %v", id, err)
		}
		// A person types it otherwise than it was printed.
		for _, code := range []string{strings.ToLower(first.Code), strings.ReplaceAll(first.Code, "-", " "), " " + first.Code + "\u00a0"} {
			if id, err := h.cases.Find(ctx, strings.ToLower(strings.ReplaceAll(first.Reference, "-", "")), code, "192.0.2.1"); err != nil || id != first.CaseID {
				t.Errorf("%q: %v", code, err)
			}
		}
	})
}

// draws gives the first eight characters twice, and others after them.
type draws int

func (d *draws) Read(b []byte) (int, error) {
	*d++
	b[0] = byte(max(0, int(*d)-17) % 23)
	return 1, nil
}

func TestAReferenceThatIsTakenIsDrawnAnew(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		h := newHouse(t, e)
		h.cases.References = new(draws)
		first, second := h.submit(), h.submit()
		if second.Repeated || first.Reference == second.Reference {
			t.Fatalf("%+v\n%+v", first, second)
		}
		for _, r := range []cases.Receipt{first, second} {
			if id, err := h.cases.Find(ctx, r.Reference, r.Code, "192.0.2.1"); err != nil || id != r.CaseID {
				t.Errorf("%s: %s, %v", r.Reference, id, err)
			}
			if n := h.count(`SELECT COUNT(*) FROM outbox WHERE kind = 'ack' AND meta LIKE '%"` + r.Reference + `"%'`); n != 1 {
				t.Errorf("%s: %d acknowledgements", r.Reference, n)
			}
		}
		rep, err := h.cases.Verify(ctx)
		if err != nil || len(rep.Faults) > 0 || rep.Cases != 2 {
			t.Errorf("%v, %v", rep, err)
		}
	})
}

func TestAWrongCodeAndAnUnknownReferenceAreToldTheSame(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		h := newHouse(t, e)
		r, other := h.submit(), h.submit()
		_, wrong := h.cases.Find(ctx, r.Reference, other.Code, "192.0.2.1")
		for _, ref := range []string{"34A-CDE-FGK", "nonsense", "", r.Reference[:10] + "3", strings.Repeat("A", 5000)} {
			if ref == r.Reference {
				continue
			}
			_, err := h.cases.Find(ctx, ref, r.Code, "192.0.2.1")
			if err == nil || errs.As(err).Key != errs.As(wrong).Key || errs.KindOf(err) != errs.KindOf(wrong) {
				t.Errorf("%.20q: %v differs from %v", ref, err, wrong)
			}
		}
		_, err := h.cases.Find(ctx, r.Reference, "", "192.0.2.1")
		wantKind(t, err, errs.NotFound)
	})
}

func TestGuessingCodesIsSlowedDown(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		h := newHouse(t, e)
		r := h.submit()
		var last error
		for range 31 {
			_, last = h.cases.Find(ctx, h.submit().Reference, "3467-9ACD-EFGH", "192.0.2.9")
		}
		wantKind(t, last, errs.TooMany)
		if _, err := h.cases.Find(ctx, r.Reference, r.Code, "192.0.2.10"); err != nil {
			t.Errorf("somebody else is kept out, too: %v", err)
		}
		e.Clock.Advance(16 * time.Minute)
		if _, err := h.cases.Find(ctx, r.Reference, r.Code, "192.0.2.9"); err != nil {
			t.Errorf("the window does not end: %v", err)
		}
	})
}

func TestWhatIsWrongIsSaidFieldByFieldAndNothingIsStored(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		h := newHouse(t, e)
		for name, row := range map[string]struct {
			change func(s *cases.Submission)
			field  string
			key    string
		}{
			"topic":        {func(s *cases.Submission) { s.Topic = "rant" }, "topic", "error.topic"},
			"channel":      {func(s *cases.Submission) { s.Channel = "pigeon" }, "channel", "error.channel"},
			"no message":   {func(s *cases.Submission) { s.Message = " \n\u200b " }, "message", "error.message-empty"},
			"long message": {func(s *cases.Submission) { s.Message = strings.Repeat("ก", cases.MaxMessage+1) }, "message", "error.message-long"},
			"no name":      {func(s *cases.Submission) { delete(s.Sender, "given_name") }, "given_name", "error.given-name-empty"},
			"invisible":    {func(s *cases.Submission) { s.Sender["given_name"] = "มา\u202eนี" }, "given_name", "error.name"},
			"phone":        {func(s *cases.Submission) { s.Sender["mobile_phone"] = "12345" }, "phone", "error.phone"},
			"email":        {func(s *cases.Submission) { s.Sender["email"] = "manee@" }, "email", "error.email"},
			"no contact":   {func(s *cases.Submission) { delete(s.Sender, "email"); delete(s.Sender, "mobile_phone") }, "phone", "error.contact-empty"},
			"not declared": {func(s *cases.Submission) { s.Sender["national_id"] = "1234567890121" }, "national_id", "error.field-not-collected"},
			"unknown site": {func(s *cases.Submission) { s.Site = "nowhere.test" }, "site", "error.site-unknown"},
			"many files":   {func(s *cases.Submission) { s.Attachments = make([]cases.Staged, cases.MaxAttachments+1) }, "attachment", "error.attachment-many"},
			"old notice":   {func(s *cases.Submission) { s.NoticeID = "another" }, "", "error.notice-changed"},
			"no nonce":     {func(s *cases.Submission) { s.Nonce = nil }, "", "error.form-old"},
			"file not staged": {func(s *cases.Submission) {
				s.Attachments = []cases.Staged{{ID: "0193a000-0000-7000-8000-000000000000"}}
			}, "", ""},
		} {
			sub := h.whole()
			row.change(&sub)
			_, err := h.cases.Submit(ctx, sub)
			if err == nil {
				t.Errorf("%s: taken", name)
				continue
			}
			x := errs.As(err)
			if row.field != "" && (len(x.Fields) != 1 || x.Fields[0].Name != row.field || x.Fields[0].Key != row.key) || row.field == "" && row.key != "" && x.Key != row.key {
				t.Errorf("%s: %v", name, err)
			}
		}
		if n := h.count(`SELECT (SELECT COUNT(*) FROM cases) + (SELECT COUNT(*) FROM outbox) + (SELECT COUNT(*) FROM attachments) + (SELECT COUNT(*) FROM processing_log)`); n != 0 {
			t.Errorf("%d rows of refused messages", n)
		}
	})
}

func TestPeopleWithASingleNameAForeignPhoneOrNoEmailAreServed(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		h := newHouse(t, e)
		sub := h.whole()
		sub.Sender = map[string]string{"given_name": "Suharto", "family_name": "", "mobile_phone": "+62 812-3456-789"}
		r, err := h.cases.Submit(ctx, sub)
		must(t, err)
		if r.EmailGiven || h.count(`SELECT COUNT(*) FROM outbox`) != 0 {
			t.Error("a mail to nobody")
		}
		given, err := h.cases.Sender(ctx, officer, r.Reference, "communicate")
		must(t, err)
		if given["given_name"] != "Suharto" || !strings.HasPrefix(given["mobile_phone"], "+62") || len(given) != 2 {
			t.Errorf("%v", given)
		}
		_, err = h.cases.Triage(ctx, officer, r.Reference, cases.Relevant, "รับ")
		must(t, err)
		_, err = h.cases.Answer(ctx, officer, r.Reference, "email", "ผล")
		wantKey(t, err, "error.no-email")
		_, err = h.cases.Answer(ctx, officer, r.Reference, "phone", "ผล")
		must(t, err)
	})
}

func TestSuspiciousMessagesWaitForAPersonAndAreNotRefused(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		h := newHouse(t, e)
		for why, change := range map[string]func(s *cases.Submission){
			"decoy": func(s *cases.Submission) { s.Decoy = true },
			"fast":  func(s *cases.Submission) { s.FormAge = time.Second },
			"links": func(s *cases.Submission) { s.Message = strings.Repeat("http://x.example ", 5) },
			"phrase": func(s *cases.Submission) {
				s.Message = "เล่นบาคาร่าได้เงินจริง"
			},
		} {
			sub := h.whole()
			f := h.attach("หลักฐาน " + why)
			sub.Attachments = []cases.Staged{f}
			change(&sub)
			r, err := h.cases.Submit(ctx, sub)
			must(t, err)
			if c := h.wantState(r.Reference, cases.Quarantined); c.QuarantineWhy != why {
				t.Errorf("%s: %s", why, c.QuarantineWhy)
			}
			// The sender learns nothing of it, and loses nothing.
			v, err := h.cases.ViewPublic(ctx, r.CaseID)
			must(t, err)
			if v.State != cases.Received || len(v.Events) != 1 || v.Events[0].Kind != "receive" || v.Events[0].Stage != cases.Received || len(v.Attachments) != 1 {
				t.Errorf("%s: %+v", why, v)
			}
			if _, err := h.cases.OwnerFile(ctx, r.CaseID, f.ID); err != nil {
				t.Errorf("his own file: %v", err)
			}
		}
		if n := h.count(`SELECT COUNT(*) FROM outbox`); n != 0 {
			t.Errorf("%d mails for strangers", n)
		}
		// The inbox does not show them among what is due.
		p, err := h.cases.List(ctx, officer, cases.Filter{})
		must(t, err)
		if len(p.Lines) != 0 {
			t.Errorf("%d in the inbox", len(p.Lines))
		}
	})
}

func TestTooManyMessagesOfOneAddressWait(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		h := newHouse(t, e)
		h.cases.Config.PerHour = 3
		why := ""
		for i := range 5 {
			sub := h.whole()
			sub.Addr = "198.51.100.7"
			r, err := h.cases.Submit(ctx, sub)
			must(t, err)
			why = h.line(r.Reference).QuarantineWhy
			if (why != "") != (i >= 3) {
				t.Errorf("message %d: %q", i+1, why)
			}
		}
		if why != "many" {
			t.Error(why)
		}
	})
}

func TestTheSameTextFromManyAddressesWaits(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		h := newHouse(t, e)
		for i := range 7 {
			sub := h.whole()
			sub.Message = "ขอให้แก้กฎหมาย"
			r, err := h.cases.Submit(ctx, sub)
			must(t, err)
			if why := h.line(r.Reference).QuarantineWhy; (why == "same") != (i >= 5) {
				t.Errorf("message %d: %q", i+1, why)
			}
		}
	})
}

func TestAReleasedMessageIsAcknowledgedWithALinkThatVerifiesTheAddress(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		h := newHouse(t, e)
		r := h.in(cases.Quarantined)
		_, err := h.cases.Release(ctx, officer, r.Reference)
		must(t, err)
		if c := h.wantState(r.Reference, cases.Received); c.QuarantineWhy != "" {
			t.Error(c.QuarantineWhy)
		}
		ref, err := h.cases.ConfirmEmail(ctx, h.token("ack", "/verify/"))
		if err != nil || ref != r.Reference || h.line(r.Reference).EmailVerified.IsZero() {
			t.Errorf("%s, %v", ref, err)
		}
	})
}

func TestAnAddressIsVerifiedByItsLinkOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		h := newHouse(t, e)
		r := h.submit()
		body := h.mailed("ack")
		if strings.Contains(body, r.Code) || strings.Contains(body, strings.ReplaceAll(r.Code, "-", "")) || strings.Contains(body, "กลิ่น") {
			t.Errorf("the acknowledgement holds more than it may: %s", body)
		}
		token := h.token("ack", "/verify/")
		for _, wrong := range []string{"", "x", token + "x", strings.ToUpper(token)} {
			_, err := h.cases.ConfirmEmail(ctx, wrong)
			wantKey(t, err, "error.link")
		}
		ref, err := h.cases.ConfirmEmail(ctx, token)
		must(t, err)
		if c := h.line(r.Reference); ref != r.Reference || !c.EmailVerified.Equal(e.Clock.Now()) {
			t.Errorf("%s: %+v", ref, c.EmailVerified)
		}
		_, err = h.cases.ConfirmEmail(ctx, token)
		wantKey(t, err, "error.link")
		h.submit()
		late := h.token("ack", "/verify/")
		e.Clock.Advance(config.LinkLifetime)
		_, err = h.cases.ConfirmEmail(ctx, late)
		wantKey(t, err, "error.link")
	})
}

// newCode asks for a code and does the job that it leaves.
func (h *house) newCode(reference, address string) {
	h.t.Helper()
	must(h.t, h.cases.RequestNewCode(ctx, reference, address, "192.0.2.77"))
	payload := one[string](h, `SELECT payload FROM jobs WHERE kind = 'cases.new-code' ORDER BY id DESC LIMIT 1`)
	id := one[string](h, `SELECT id FROM jobs WHERE kind = 'cases.new-code' ORDER BY id DESC LIMIT 1`)
	if strings.Contains(strings.ToLower(payload), "manee") {
		h.t.Error("the job holds the address")
	}
	must(h.t, cases.SendNewCode(h.cases, ctx, jobs.Job{ID: id, Payload: []byte(payload)}))
}

func TestALostCodeIsReplacedThroughTheVerifiedAddressOnly(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		h := newHouse(t, e)
		r := h.submit()
		links := func() int { return h.count(`SELECT COUNT(*) FROM outbox WHERE kind = 'code-link'`) }
		h.newCode(r.Reference, "manee.s@EXAMPLE.com")
		if links() != 0 {
			t.Error("a code for an address that nobody has verified")
		}
		_, err := h.cases.ConfirmEmail(ctx, h.token("ack", "/verify/"))
		must(t, err)
		h.newCode(r.Reference, "other@example.com")
		h.newCode("34A-CDE-FGK", "manee.s@example.com")
		if links() != 0 {
			t.Error("a code for somebody else")
		}
		h.newCode(r.Reference, " manee.s@EXAMPLE.com")
		token := h.token("code-link", "/track/code/")
		ref, code, err := h.cases.RedeemNewCode(ctx, token)
		must(t, err)
		if ref != r.Reference || code == r.Code {
			t.Errorf("%s %s", ref, code)
		}
		if _, err := h.cases.Find(ctx, r.Reference, code, "192.0.2.1"); err != nil {
			t.Errorf("the new code: %v", err)
		}
		_, err = h.cases.Find(ctx, r.Reference, r.Code, "192.0.2.1")
		wantKind(t, err, errs.NotFound)
		_, _, err = h.cases.RedeemNewCode(ctx, token)
		wantKey(t, err, "error.link")
	})
}

func TestACodeIsReissuedAtTheCounterByWhomTheRecordLetsIdentify(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		h := newHouse(t, e)
		r := h.in(cases.Closed)
		_, err := h.cases.Reissue(ctx, novice, r.Reference)
		wantKey(t, err, "error.purpose-not-declared")
		code, err := h.cases.Reissue(ctx, officer, r.Reference)
		must(t, err)
		if _, err := h.cases.Find(ctx, r.Reference, code, "192.0.2.1"); err != nil {
			t.Error(err)
		}
		_, err = h.cases.Find(ctx, r.Reference, r.Code, "192.0.2.1")
		wantKind(t, err, errs.NotFound)
	})
}

func TestAnOfficerTakesDownWhatComesByPhone(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		h := newHouse(t, e)
		sub := h.whole()
		sub.Channel, sub.By, sub.NoticeID, sub.FormAge, sub.OutsideRef = "phone", &registrar, "", 0, "1111-69-0042"
		r, err := h.cases.Submit(ctx, sub)
		must(t, err)
		c := h.wantState(r.Reference, cases.Received)
		if c.Channel != "phone" || c.OutsideRef != "1111-69-0042" || c.NoticeID == "" {
			t.Errorf("%+v", c)
		}
		if by := one[string](h, `SELECT actor FROM case_events WHERE case_id = $1`, r.CaseID); by != "registrar" {
			t.Error(by)
		}
		sub = h.whole()
		sub.By = &inTrat
		_, err = h.cases.Submit(ctx, sub)
		wantKind(t, err, errs.Forbidden)
	})
}

func TestTheTimeCountsFromTheNextWorkingHours(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		h := newHouse(t, e)
		h.cases.Config.Opens, h.cases.Config.Closes = 8*time.Hour+30*time.Minute, 16*time.Hour+30*time.Minute
		e.Clock.Set(time.Date(2026, 11, 27, 13, 0, 0, 0, time.UTC)) // Friday, 20:00 in Bangkok
		r := h.submit()
		// Monday the 30th at 8:30 and fifteen days, which is Tuesday the 15th of December.
		if want := time.Date(2026, 12, 15, 1, 30, 0, 0, time.UTC); !r.ReplyBy.Equal(want) || !r.ReceivedAt.Equal(e.Clock.Now()) {
			t.Errorf("by %s, want %s", r.ReplyBy, want)
		}
	})
}
