package app

import (
	"context"
	"time"

	"prasan/internal/analytics"
	"prasan/internal/cases"
	"prasan/internal/db"
	"prasan/internal/jobs"
	"prasan/internal/org"
	"prasan/internal/policy"
	"prasan/internal/ropa"
	"prasan/internal/thai"
	"prasan/internal/truth"
	"prasan/internal/web/api"
)

// Ages after which something that should recur has not.
const (
	backupEvery = 2 * 24 * time.Hour
	drillEvery  = 366 * 24 * time.Hour
	crawlEvery  = 45 * 24 * time.Hour
	year        = 365 * 24 * time.Hour
)

// only are the rows of an activity whose process this program runs; ofVisits those of the
// counting of visits.
var (
	only     = []string{cases.Activity}
	ofVisits = []string{analytics.Activity}
)

// wireTruth says which rows the parts that are wired obey, and how the rest is looked at.
func wireTruth(_ context.Context, a *App) error {
	a.Truth = truth.New(truth.Deps{DB: a.DB, Audit: a.Audit, Jobs: a.Jobs, Now: a.Now, Record: a.Register.Snapshot, Body: func(ctx context.Context, activity string, n int) (*ropa.Revision, error) {
		text, err := a.Register.Body(ctx, activity, n)
		if err != nil {
			return nil, err
		}
		return ropa.Parse([]byte(text))
	}}, ropa.SeedCodes...)
	a.Truth.Enforces(
		truth.Enforcement{ID: "form", Activities: only, Rows: []string{"activity.name", "elements", "purposes", "notices", "sources", "access_principals"}},
		truth.Enforcement{ID: "register", Rows: []string{"revision.prepared_by", "duty.review"}},
		truth.Enforcement{ID: "retention", Activities: only, Rows: []string{"retention", "destruction.round", "destruction.method", "duty.terminate", "monitoring.cycle"}},
		truth.Enforcement{ID: "checks", Activities: ofVisits, Rows: []string{"monitoring.cycle"}},
		truth.Enforcement{ID: "grants", Rows: []string{"duty.grant", "controls.access_matrix_ref"}},
		truth.Enforcement{ID: "audit", Rows: []string{"controls.audit"}},
		truth.Enforcement{ID: "publish", Activities: only, Rows: []string{"class.public"}, When: func(s *policy.Snapshot) bool { return !s.Class.Public }},
		truth.Enforcement{ID: "rights", Activities: only, Rows: []string{"rights.erasure_procedure"}},
		truth.Enforcement{ID: "breach", Rows: []string{"breach.pdpc_liaison"}},
		lettersObey,
		truth.Enforcement{ID: "usage", Activities: ofVisits, Rows: []string{"activity.name", "elements", "retention", "transfers"}},
		truth.Enforcement{ID: "usage-closed", Activities: ofVisits, Rows: []string{"recipients_domestic", "transfer.pre_checks", "transfer.delivery_checks", "transfer.record_rule"}},
		truth.Enforcement{ID: "figures", Activities: ofVisits, Rows: []string{"class.public"}},
		truth.Enforcement{ID: "consent", Activities: ofVisits, Rows: []string{"rights.erasure_procedure"}},
	)
	a.Truth.Add(a.recordProbes()...)
	a.Truth.Add(a.workProbes()...)
	a.Truth.Add(a.siteProbes()...)
	a.Truth.Add(a.paperProbes()...)
	a.Truth.Doubts(a.doubtUsage)
	a.Truth.BeforeKeep(a.rollUp)
	a.Truth.Register()
	// Each looks at all there is; the report of every day shows what it found, and when.
	a.Jobs.Every("truth.audit", jobs.Daily(thai.Bangkok, 2, 40), func(ctx context.Context, _ jobs.Job) error { return a.observeAudit(ctx) })
	a.Jobs.Every("truth.flow", jobs.Daily(thai.Bangkok, 2, 55), func(ctx context.Context, _ jobs.Job) error { return a.observeFlow(ctx) })
	a.Jobs.Every("truth.sums", jobs.Hourly(7), func(ctx context.Context, _ jobs.Job) error { return a.rollUp(ctx) })
	a.Operations = append(a.Operations, api.TruthOperations(a.Truth)...)
	return nil
}

// LookAtAll does now what is done at night: it reads every line of the audit, walks every
// case of the year, and brings the sums up to now.
func (a *App) LookAtAll(ctx context.Context) error {
	for _, look := range []func(context.Context) error{a.rollUp, a.observeAudit, a.observeFlow} {
		if err := look(ctx); err != nil {
			return err
		}
	}
	return nil
}

// rollUp brings the sums up to now, over which reports are quick.
func (a *App) rollUp(ctx context.Context) error {
	if err := a.Processing.RollUp(ctx); err != nil {
		return err
	}
	return a.Cases.RollUp(ctx)
}

// recordProbes look at the record itself, and at those whom it names.
func (a *App) recordProbes() []truth.Probe {
	out := []truth.Probe{
		{ID: "chain", Rows: []string{"revision.prepared_by"}, Class: "D13", Look: a.seeChain},
		{ID: "body", Rows: []string{"controller.organisation"}, Class: "D6", Look: a.seeBody(func(c ropa.Controller) string { return c.Organisation })},
		{ID: "body", Rows: []string{"controller.department"}, Class: "D6", Look: a.seeBody(func(c ropa.Controller) string { return c.Department })},
		{ID: "body", Rows: []string{"activity.owner_unit"}, Class: "D6", Look: a.seeBody(func(c ropa.Controller) string { return c.OwnerUnit })},
		{ID: "stewards", Rows: []string{"activity.stewards"}, Class: "D2", Look: a.seeStewards},
		{ID: "access", Rows: []string{"access_principals"}, Class: "D2", Look: a.seeAccess},
		{ID: "roles", Rows: []string{"duty.grant"}, Class: "D2", Look: a.seeRoles},
		{ID: "leavers", Rows: []string{"controls.access_matrix_ref"}, Class: "D2", Look: a.seeLeavers},
		{ID: "access-review", Rows: []string{"controls.access_matrix_ref"}, Class: "D8", Look: a.seeAccessReview},
		{ID: "authenticators", Rows: []string{"controls.access_policy_ref"}, Class: "D2", Weak: true, Look: a.seeAuthenticators},
		{ID: "review", Rows: []string{"review.cycle"}, Class: "D8", Look: a.seeReview},
		{ID: "audit", Rows: []string{"controls.audit"}, Class: "D13", Look: a.seeAudit},
		{ID: "backup", Rows: []string{"controls.backup"}, Class: "D9", Look: a.seeBackup},
		{ID: "liaison", Rows: []string{"breach.pdpc_liaison"}, Class: "D2", Look: a.seeLiaison},
		{ID: "responsible", Rows: []string{"breach.channels"}, Class: "D2", Look: a.seeResponsible},
		{ID: "connections", Rows: []string{"duty.collect"}, Class: "D6", Look: a.seeConnections},
	}
	for _, name := range ropa.DutyNames {
		out = append(out, truth.Probe{ID: "duty", Rows: []string{"duty." + name}, Class: "D2", Look: a.seeDuty(policy.Duty(name))})
	}
	for _, row := range ropa.Rows {
		out = append(out, truth.Probe{ID: "lint", Rows: []string{row.ID}, Class: "D13", Look: seeLint(row.ID)})
	}
	return out
}

// workProbes look at what was done.
func (a *App) workProbes() []truth.Probe {
	return []truth.Probe{
		{ID: "collected", Rows: []string{"elements"}, Class: "D4", Look: a.seeCollected},
		{ID: "purposes", Rows: []string{"purposes"}, Class: "D2", Look: a.seePurposes},
		{ID: "sources", Activities: ofVisits, Rows: []string{"sources"}, Class: "D4", Look: a.seeSources},
		{ID: "volume", Activities: only, Rows: []string{"volume"}, Class: "D5", Look: a.seeVolume},
		{ID: "views", Activities: ofVisits, Rows: []string{"volume"}, Class: "D5", Look: a.seeViews},
		{ID: "kept", Activities: only, Rows: []string{"rights_csu.create", "rights_csu.store", "rights_csu.use", "stores.medium"}, Class: "D13", Look: a.seeKept},
		{ID: "counted", Activities: ofVisits, Rows: []string{"rights_csu.create", "rights_csu.store", "rights_csu.use", "stores.medium"}, Class: "D13", Look: a.seeCounted},
		{ID: "expired", Activities: ofVisits, Rows: []string{"retention", "destruction.method"}, Class: "D1", Look: a.seeExpired},
		{ID: "overdue", Activities: only, Rows: []string{"retention"}, Class: "D1", Look: a.seeOverdue},
		{ID: "monitoring", Rows: []string{"monitoring.cycle"}, Class: "D8", Look: a.seeMonitoring},
		{ID: "flow", Activities: only, Rows: []string{"process_group.name"}, Class: "D14", Look: a.seeFlow},
		{ID: "ways", Activities: only, Rows: []string{"process_group.name"}, Class: "D14", Look: a.seeWays},
		{ID: "disclosures", Activities: only, Rows: []string{"recipients_domestic"}, Class: "D3", Look: a.seeDisclosures},
		{ID: "text", Activities: only, Rows: []string{"class.restricted"}, Class: "D12", Look: a.seeTexts},
		{ID: "restricted", Activities: ofVisits, Rows: []string{"class.restricted"}, Class: "D12", Look: a.seeRestricted},
		{ID: "classes", Rows: []string{"class.internal"}, Class: "D13", Look: a.seeClasses},
		{ID: "public", Activities: only, Rows: []string{"class.public"}, Class: "D13", Look: a.seePublic},
		{ID: "public-data", Rows: []string{"class.public"}, Class: "D13", Weak: true, Look: a.seePublicData},
	}
}

// siteProbes look at what the sites show and set.
func (a *App) siteProbes() []truth.Probe {
	return []truth.Probe{
		{ID: "group", Rows: []string{"process_group.name"}, Class: "D6", Look: a.seeGroup},
		{ID: "notices", Rows: []string{"notices"}, Class: "D10", Look: a.seeNotices},
		{ID: "cookies", Activities: only, Rows: []string{"elements"}, Class: "D7", Look: a.seePages(true)},
		{ID: "abroad", Rows: []string{"transfers"}, Class: "D11", Look: a.seePages(false)},
		{ID: "crawl-cookies", Rows: []string{"elements"}, Class: "D7", Look: a.seeCrawl(true)},
		{ID: "crawl-hosts", Rows: []string{"transfers"}, Class: "D11", Look: a.seeCrawl(false)},
		{ID: "csp", Rows: []string{"elements"}, Class: "D7", Look: a.seeRefusals},
	}
}

// paperProbes look at the documents that rows cite, and at where data lies.
func (a *App) paperProbes() []truth.Probe {
	out := []truth.Probe{
		{ID: "documents", Rows: []string{"legal_refs"}, Class: "D15", Look: a.seeDocuments("legal_refs")},
		{ID: "forms", Rows: []string{"activity.forms"}, Class: "D15", Look: a.seeForms},
		{ID: "places", Rows: []string{"stores.location"}, Class: "D6", Look: a.seePlaces},
	}
	// That a document is there proves nothing of what it says.
	for _, row := range []string{"retention", "destruction.method", "controls.access_policy_ref", "controls.access_matrix_ref", "controls.audit", "controls.backup", "controls.physical", "transfer.record_rule", "rights.erasure_procedure"} {
		out = append(out, truth.Probe{ID: "documents", Rows: []string{row}, Class: "D15", Weak: true, Look: a.seeDocuments(row)})
	}
	return out
}

func (a *App) everyone(ctx context.Context, s truth.Subject) ([]policy.Actor, error) {
	return truth.Once(s, "everyone", func() (all []policy.Actor, err error) {
		err = a.DB.Read(ctx, func(tx *db.Tx) (err error) { all, err = org.Everyone(tx); return err })
		return all, err
	})
}
