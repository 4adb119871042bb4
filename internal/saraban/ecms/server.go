package ecms

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"time"

	"prasan/internal/thai"
)

// Server serves a node.
type Server struct {
	Exchange Exchange
	// Caller tells which organisation calls; ok is false for one that may not.
	Caller func(r *http.Request) (org string, ok bool)
	Now    func() time.Time
	// Folder is where large files are put while a letter is read; "" is memory.
	Folder string

	begin  sync.Once
	places chan struct{}
}

// Large documents are taken few at a time: each is read, digested and stored piece by piece,
// which takes a processor. Who has waited for a place is asked to come again.
const (
	atOnce   = 8
	patience = 10 * time.Second
)

// place waits for one; leave is nil where there was none in time.
func (s *Server) place(r *http.Request) (leave func()) {
	if r.ContentLength >= 0 && r.ContentLength <= whole {
		return func() {}
	}
	s.begin.Do(func() { s.places = make(chan struct{}, atOnce) })
	ctx, stop := context.WithTimeout(r.Context(), patience)
	defer stop()
	select {
	case s.places <- struct{}{}:
		return func() { <-s.places }
	case <-ctx.Done():
		return nil
	}
}

// operation is a row of what a node does; what it returns writes the answer.
type operation func(s *Server, ctx context.Context, org string, e *element) (said, error)

type said = func(p *printer)

var operations = map[string]operation{
	"correspondenceletteroutboundrequest":           (*Server).outbound,
	"correspondenceletterinboundrequest":            (*Server).inbound,
	"correspondenceletterinboundspecialrequest":     (*Server).special,
	"correspondenceletterdeleterequest":             (*Server).remove,
	"correspondencedeletegovernmentdocumentrequest": (*Server).delete,
	"getministryorganizationlist":                   (*Server).ministries,
	"getorganizationlist":                           (*Server).organizations,
	"getsecretcodes":                                codes("Value", "Description", SecretCodes),
	"getspeedcodes":                                 codes("Value", "Description", SpeedCodes),
	"getmimecodes":                                  codes("File-Extension", "Content-type", MimeCodes),
	"outboundstatusrequest":                         (*Server).statuses,
	"timecheckrequest":                              (*Server).clock,
}

// ServeHTTP answers an operation. What is refused is an ErrorDetail in the answer, with
// status 200, as the systems in the field expect it.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		w.WriteHeader(http.StatusMethodNotAllowed)
		return
	}
	org, ok := s.Caller(r)
	if !ok {
		s.answer(w, http.StatusUnauthorized, "ErrorResponse", fail(&Fault{"401", "the caller is not known here"}))
		return
	}
	leave := s.place(r)
	if leave == nil {
		w.Header().Set("Retry-After", "30")
		s.answer(w, http.StatusServiceUnavailable, "ErrorResponse", fail(&Fault{TryAgain, "too many large letters at once; try again"}))
		return
	}
	defer leave()
	root, err := parse(http.MaxBytesReader(w, r.Body, MaxBytes+1), r.ContentLength, s.Folder)
	if err != nil {
		s.answer(w, http.StatusBadRequest, "ErrorResponse", fail(asFault(err, "200")))
		return
	}
	defer root.beside.close()
	e, err := bodyOf(root)
	if err != nil {
		s.answer(w, http.StatusBadRequest, "ErrorResponse", fail(asFault(err, "200")))
		return
	}
	do := operations[strings.ToLower(e.name)]
	if do == nil {
		s.answer(w, http.StatusOK, "ErrorResponse", fail(&Fault{"205", "unknown operation: " + clip(e.name)}))
		return
	}
	body, err := do(s, r.Context(), org, e)
	if err != nil {
		body = fail(asFault(err, TryAgain))
	}
	s.answer(w, http.StatusOK, responseName(e.name), body)
}

// responseName is how the answer to an operation is called: a list by its own name, the
// others by the operation's.
func responseName(operation string) string {
	switch name := strings.TrimSuffix(operation, "Request"); {
	case name == "CorrespondenceLetterInboundSpecial":
		return "CorrespondenceLetterInboundResponse"
	case strings.HasPrefix(name, "Get"):
		return strings.TrimPrefix(name, "Get")
	default:
		return name + "Response"
	}
}

// asFault says an error in the protocol's terms; what is wrong inside is not shown.
func asFault(err error, code string) *Fault {
	var f *Fault
	if errors.As(err, &f) {
		return f
	}
	if code == TryAgain {
		return &Fault{code, "the node cannot answer now; try again"}
	}
	return &Fault{code, clip(err.Error())}
}

func fail(f *Fault) func(*printer) {
	return func(p *printer) {
		p.in("ErrorDetail", func() {
			p.tag("ErrorCode", f.Code)
			p.tag("ErrorDescription", f.Description)
		})
	}
}

func (s *Server) answer(w http.ResponseWriter, status int, name string, body func(*printer)) {
	w.Header().Set("Content-Type", "text/xml; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	p := &printer{w: w}
	p.envelope("", "", func() { p.in(name, func() { body(p) }) })
	if p.err != nil { // an answer that is not whole must not look as if it were
		panic(http.ErrAbortHandler)
	}
}

func (s *Server) outbound(ctx context.Context, org string, e *element) (said, error) {
	if len(e.children) != 1 {
		return nil, &Fault{"202", "there must be one document or notice"}
	}
	c := e.children[0]
	if strings.EqualFold(c.name, DocumentKind) {
		l, err := readLetter(c)
		if err != nil {
			return nil, err
		}
		r, err := s.Exchange.Send(ctx, org, l)
		l.Main, l.Attachments, l.Document = File{Mime: l.Main.Mime}, nil, nil // the echo says what was taken, without the files
		return func(p *printer) { p.receipt(r); p.letter(l) }, err
	}
	n, err := readNotice(c)
	if err != nil {
		return nil, err
	}
	r, err := s.Exchange.Notify(ctx, org, *n)
	n.AcceptDate, n.AcceptDepartment = r.ProcessTime.In(thai.Bangkok).Format(time.DateOnly), org
	return func(p *printer) { p.receipt(r); p.notice(n) }, err
}

func (p *printer) item(i *Item) {
	if i == nil {
		return
	}
	p.receipt(i.Receipt)
	if i.Letter != nil {
		p.letter(i.Letter)
	} else {
		p.notice(i.Notice)
	}
}

func (s *Server) inbound(ctx context.Context, org string, _ *element) (said, error) {
	i, err := s.Exchange.Head(ctx, org)
	return func(p *printer) { p.item(i) }, err
}

func (s *Server) special(ctx context.Context, org string, e *element) (said, error) {
	if len(e.children) != 1 {
		return nil, &Fault{"202", "there must be one kind of what is asked for"}
	}
	kind, ok := kindOf(e.children[0].name)
	if strings.EqualFold(e.children[0].name, DocumentKind) {
		kind, ok = DocumentKind, true
	}
	if !ok {
		return nil, &Fault{"205", "unknown message: " + clip(e.children[0].name)}
	}
	r, err := readRef(e.children[0])
	if err != nil {
		return nil, err
	}
	i, err := s.Exchange.Again(ctx, org, kind, r)
	return func(p *printer) { p.item(i) }, err
}

func (s *Server) remove(ctx context.Context, org string, e *element) (said, error) {
	r, err := s.Exchange.Remove(ctx, org, e.get("ProcessID"))
	return func(p *printer) { p.receipt(r) }, err
}

func (s *Server) delete(ctx context.Context, org string, e *element) (said, error) {
	ref, err := readRef(e)
	if err != nil {
		return nil, err
	}
	r, err := s.Exchange.Delete(ctx, org, ref)
	return func(p *printer) { p.receipt(r) }, err
}

// ministries are named by the first two digits of the codes of organisations.
func (s *Server) ministries(ctx context.Context, _ string, _ *element) (said, error) {
	all, err := s.Exchange.Organizations(ctx)
	return func(p *printer) {
		for _, o := range all {
			if o.Ministry && len(o.ID) >= 2 {
				p.tag("Th-Name", o.Thai)
				p.tag("MinistryID", o.ID[:2])
			}
		}
	}, err
}

func (s *Server) organizations(ctx context.Context, _ string, _ *element) (said, error) {
	all, err := s.Exchange.Organizations(ctx)
	return func(p *printer) {
		for _, o := range all {
			p.in("OrganizationInfo", func() {
				p.tag("En-Name", o.English)
				p.tag("Th-Name", o.Thai)
				p.tag("ECMS-URL", o.URL)
				p.tag("OrganizationID", o.ID)
			})
		}
	}, err
}

func codes(first, second string, table []Code) operation {
	return func(*Server, context.Context, string, *element) (said, error) {
		return func(p *printer) {
			for _, c := range table {
				p.in("Code", func() {
					p.tag(first, c.Value)
					p.tag(second, c.Description)
				})
			}
		}, nil
	}
}

func (s *Server) statuses(ctx context.Context, org string, e *element) (said, error) {
	all, err := s.Exchange.Statuses(ctx, org, e.get("LetterID"))
	return func(p *printer) {
		for _, o := range all {
			p.in("Outbound", func() {
				p.tag("ProcessID", o.ProcessID)
				p.tag("LetterID", o.LetterID)
				p.tag("ProcessStatus", o.State)
			})
		}
	}, err
}

func (s *Server) clock(context.Context, string, *element) (said, error) {
	return func(p *printer) { p.tag("ECMSTime", s.Now().In(thai.Bangkok).Format(moment)) }, nil
}
