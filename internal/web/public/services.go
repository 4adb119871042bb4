package public

import (
	"context"
	"io"
	"net/http"
	"time"

	"prasan/internal/cases"
	"prasan/internal/letters"
	"prasan/internal/policy"
	"prasan/internal/sites"
)

// Services is what the public face needs from the rest of the program.
type Services struct {
	Site   func(host string) (sites.Site, bool)
	Sites  func() []sites.Site
	Policy func(activity string) *policy.Snapshot // effective; nil when there is none
	// Notice is the notice in force for a site, and that of an id when id is not empty.
	Notice func(ctx context.Context, site sites.Site, activity, lang string) (NoticeView, error)
	// Notices are all versions that a site has shown; without them none is listed.
	Notices Notices
	News    func(host string) []News // nil when the site has none
	Cases   Cases
	Rights  Rights
	// Identity and Provider are how one shows who he is without a tracking code; no
	// provider is offered where it is nil. Digest is how an address of a person is found.
	Identity     Identity
	Provider     Provider
	ProviderName string
	Digest       func(way, value string) []byte
	// Letter confirms the official letter of a code; Agency is how an agency is called.
	Letter func(ctx context.Context, code string) (letters.Proof, error)
	Agency func(code string) policy.Text
	Stage  func(ctx context.Context, name string, r io.Reader) (cases.Staged, error)
	Seal   Sealer
	Slip   func(w io.Writer, s Slip) error              // nil: no picture is offered
	File   func(caseID, attachmentID string) string     // address on the files host, for a while
	DPO    func(agency string) (name, mail, tel string) // who answers for data protection
	URL    func(host string) string                     // scheme and authority of a site
	Client func(r *http.Request) (addr string, tls bool)
	Now    func() time.Time
	Usage  Usage // nil: nothing is counted and nothing asked
	// MaxFile is the size of the largest attachment in bytes.
	MaxFile int64

	// Documents are those of the library that the public may read.
	Documents Documents
}

// Cases is what the public may do with cases.
type Cases interface {
	Submit(ctx context.Context, s cases.Submission) (cases.Receipt, error)
	Again(ctx context.Context, nonce []byte) (cases.Receipt, error)
	Find(ctx context.Context, reference, code, addr string) (caseID string, err error)
	ViewPublic(ctx context.Context, caseID string) (cases.View, error)
	Write(ctx context.Context, caseID, text string, files []cases.Staged) error
	Accept(ctx context.Context, caseID string) error
	Reopen(ctx context.Context, caseID, text string) error
	Rate(ctx context.Context, caseID string, stars int, text string) error
	ConfirmEmail(ctx context.Context, token string) (reference string, err error)
	RequestNewCode(ctx context.Context, reference, email, addr string) error
	RedeemNewCode(ctx context.Context, token string) (reference, code string, err error)
}

// Sealer seals what travels through the visitor's browser; kit.Sealer is one.
type Sealer interface {
	Seal(purpose string, v any, ttl time.Duration) string
	Open(purpose, token string, v any) (issued time.Time, err error)
}

// NoticeView is a privacy notice (PDPA s.23) in one language.
type NoticeView struct {
	ID          string
	Version     string // what a person can quote
	PublishedAt time.Time
	Title       string
	Sections    []NoticeSection
}

// NoticeSection is a part of a notice.
type NoticeSection struct {
	Heading    string
	Paragraphs []string
	Items      []string
}

// News is an announcement of a site.
type News struct {
	At    time.Time
	Title policy.Text
	Text  policy.Text
}

// Slip is the receipt as a picture.
type Slip struct {
	Lang, Agency, Reference, Code, Holder string
	ReceivedAt, ReplyBy                   time.Time
	URL                                   string
}
