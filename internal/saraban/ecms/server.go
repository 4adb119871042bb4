package ecms

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"prasan/internal/thai"
)

// Server serves a node.
type Server struct {
	Exchange Exchange
	// Caller tells which organisation calls; ok is false for one that may not.
	Caller func(r *http.Request) (org string, ok bool)
	Now    func() time.Time
}

// operation is a row of what a node does; it writes the answer.
type operation func(s *Server, ctx context.Context, org string, e *element, p *printer) error

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
	root, err := parse(http.MaxBytesReader(w, r.Body, MaxBytes+1), r.ContentLength)
	if err != nil {
		s.answer(w, http.StatusBadRequest, "ErrorResponse", fail(asFault(err, "200")))
		return
	}
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
	var out bytes.Buffer
	p := &printer{w: &out}
	if err = do(s, r.Context(), org, e, p); err == nil {
		err = p.err
	}
	if err != nil {
		s.answer(w, http.StatusOK, responseName(e.name), fail(asFault(err, TryAgain)))
		return
	}
	s.answer(w, http.StatusOK, responseName(e.name), func(p *printer) { p.copy(out.Bytes()) })
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
}

func (s *Server) outbound(ctx context.Context, org string, e *element, p *printer) error {
	if len(e.children) != 1 {
		return &Fault{"202", "there must be one document or notice"}
	}
	c := e.children[0]
	if strings.EqualFold(c.name, DocumentKind) {
		l, err := readLetter(c)
		if err != nil {
			return err
		}
		r, err := s.Exchange.Send(ctx, org, l)
		if err == nil {
			p.receipt(r)
			l.Main.Data, l.Attachments, l.Document = nil, nil, nil // the echo says what was taken, without the files
			p.letter(l)
		}
		return err
	}
	n, err := readNotice(c)
	if err != nil {
		return err
	}
	r, err := s.Exchange.Notify(ctx, org, *n)
	if err == nil {
		n.AcceptDate, n.AcceptDepartment = r.ProcessTime.In(thai.Bangkok).Format(time.DateOnly), org
		p.receipt(r)
		p.notice(n)
	}
	return err
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

func (s *Server) inbound(ctx context.Context, org string, _ *element, p *printer) error {
	i, err := s.Exchange.Head(ctx, org)
	p.item(i)
	return err
}

func (s *Server) special(ctx context.Context, org string, e *element, p *printer) error {
	if len(e.children) != 1 {
		return &Fault{"202", "there must be one kind of what is asked for"}
	}
	kind, ok := kindOf(e.children[0].name)
	if strings.EqualFold(e.children[0].name, DocumentKind) {
		kind, ok = DocumentKind, true
	}
	if !ok {
		return &Fault{"205", "unknown message: " + clip(e.children[0].name)}
	}
	r, err := readRef(e.children[0])
	if err != nil {
		return err
	}
	i, err := s.Exchange.Again(ctx, org, kind, r)
	p.item(i)
	return err
}

func (s *Server) remove(ctx context.Context, org string, e *element, p *printer) error {
	r, err := s.Exchange.Remove(ctx, org, e.get("ProcessID"))
	p.receipt(r)
	return err
}

func (s *Server) delete(ctx context.Context, org string, e *element, p *printer) error {
	ref, err := readRef(e)
	if err != nil {
		return err
	}
	r, err := s.Exchange.Delete(ctx, org, ref)
	p.receipt(r)
	return err
}

// ministries are named by the first two digits of the codes of organisations.
func (s *Server) ministries(ctx context.Context, _ string, _ *element, p *printer) error {
	all, err := s.Exchange.Organizations(ctx)
	for _, o := range all {
		if o.Ministry && len(o.ID) >= 2 {
			p.tag("Th-Name", o.Thai)
			p.tag("MinistryID", o.ID[:2])
		}
	}
	return err
}

func (s *Server) organizations(ctx context.Context, _ string, _ *element, p *printer) error {
	all, err := s.Exchange.Organizations(ctx)
	for _, o := range all {
		p.in("OrganizationInfo", func() {
			p.tag("En-Name", o.English)
			p.tag("Th-Name", o.Thai)
			p.tag("ECMS-URL", o.URL)
			p.tag("OrganizationID", o.ID)
		})
	}
	return err
}

func codes(first, second string, table []Code) operation {
	return func(_ *Server, _ context.Context, _ string, _ *element, p *printer) error {
		for _, c := range table {
			p.in("Code", func() {
				p.tag(first, c.Value)
				p.tag(second, c.Description)
			})
		}
		return nil
	}
}

func (s *Server) statuses(ctx context.Context, org string, _ *element, p *printer) error {
	all, err := s.Exchange.Statuses(ctx, org)
	for _, o := range all {
		p.in("Outbound", func() {
			p.tag("ProcessID", o.ProcessID)
			p.tag("LetterID", o.LetterID)
			p.tag("ProcessStatus", o.State)
		})
	}
	return err
}

func (s *Server) clock(_ context.Context, _ string, _ *element, p *printer) error {
	p.tag("ECMSTime", s.Now().In(thai.Bangkok).Format(moment))
	return nil
}
