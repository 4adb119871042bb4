package public

import (
	"context"
	"crypto/rand"
	"net/http"
	"strings"
	"time"

	"prasan/internal/errs"
	"prasan/internal/identity"
	"prasan/internal/rights"
	"prasan/internal/web/kit"
)

// Identity is how somebody without a tracking code shows who he is.
type Identity interface {
	Ways() []string
	Ask(ctx context.Context, a identity.Asking) (id string, err error)
	Check(ctx context.Context, id, code string) (identity.Checked, error)
}

// Provider is a provider of OpenID Connect.
type Provider interface {
	Begin(ctx context.Context, seal func(identity.Ticket) string) (address string, err error)
	Finish(ctx context.Context, t identity.Ticket, code string) (identity.Person, error)
}

// proofLifetime is how long one may take to write the request after the check.
const proofLifetime = 30 * time.Minute

type identityPage struct {
	Errors   *kit.Summary
	Email    kit.Field
	Phone    *kit.Field // nil: no gateway for short messages
	Provider string     // how people call it; "" for none
	OTP      kit.Field
	Action   string
}

func identityForm(v *visit) error { return v.identityForm(http.StatusOK, nil) }

func (v *visit) identityForm(status int, bad []errs.Field) error {
	p := identityPage{Errors: kit.Summarise(v.lang, bad), Provider: v.f.ProviderName}
	field := func(way, kind, complete string) kit.Field {
		f := kit.Field{Name: way, Label: v.t("identity." + way), Help: v.t("identity." + way + "-help"), Type: kind, Autocomplete: complete, Width: "medium", Required: true, Value: v.PostForm.Get(way)}
		if v.PostForm.Get("way") == way {
			f.Error = kit.FieldError(v.lang, bad, way)
		}
		return f
	}
	p.Email = field(identity.Email, "email", "email")
	for _, way := range v.f.Identity.Ways() {
		if way == identity.Phone {
			f := field(identity.Phone, "tel", "tel")
			p.Phone = &f
		}
	}
	return v.page(kit.Page{Status: status, Title: v.t("identity.title"), Path: "/rights/identity", Cache: v.rightsCache()}, "rights-identity", p)
}

// codeTicket is what the address of the page for the code holds.
type codeTicket struct {
	ID string `json:"i"`
}

// identityAsk sends a code, if the address is on file: it says the same whether it is.
func identityAsk(v *visit) error {
	if err := v.form(); err != nil {
		return err
	}
	way := v.PostForm.Get("way")
	addr, _ := v.f.Client(v.Request)
	id, err := v.f.Identity.Ask(v.Context(), identity.Asking{Way: way, Contact: v.PostForm.Get(way), Lang: v.lang, Site: v.site.Host, Addr: addr})
	if x := errs.As(err); err != nil && len(x.Fields) > 0 {
		for i := range x.Fields {
			x.Fields[i].Name = way
		}
		return v.identityForm(http.StatusUnprocessableEntity, x.Fields)
	}
	if err != nil {
		return err
	}
	return v.seeOther("/rights/identity/" + v.f.Seal.Seal("identity:"+v.site.Host, codeTicket{id}, identity.Lifetime))
}

func identityCode(v *visit) error { return v.identityCode(http.StatusOK, nil) }

func (v *visit) identityCode(status int, bad []errs.Field) error {
	var t codeTicket
	if _, err := v.f.Seal.Open("identity:"+v.site.Host, v.PathValue("token"), &t); err != nil {
		return v.seeOther("/rights/identity")
	}
	p := identityPage{Errors: kit.Summarise(v.lang, bad), Action: v.URL.EscapedPath()}
	p.OTP = kit.Field{Name: "otp", Label: v.t("identity.code"), Width: "short", Autocomplete: "one-time-code", InputMode: "numeric", Required: true, Error: kit.FieldError(v.lang, bad, "otp")}
	return v.page(kit.Page{Status: status, Title: v.t("identity.code"), Cache: kit.CacheNone}, "rights-code", p)
}

func identityCheck(v *visit) error {
	if err := v.form(); err != nil {
		return err
	}
	var t codeTicket
	if _, err := v.f.Seal.Open("identity:"+v.site.Host, v.PathValue("token"), &t); err != nil {
		return v.seeOther("/rights/identity")
	}
	c, err := v.f.Identity.Check(v.Context(), t.ID, v.PostForm.Get("otp"))
	if x := errs.As(err); err != nil && len(x.Fields) > 0 {
		return v.identityCode(http.StatusUnprocessableEntity, x.Fields)
	}
	if err != nil {
		return err
	}
	return v.toAsk(rights.Proof{Way: c.Way, At: c.At, Digests: [][]byte{c.Digest}})
}

// toAsk leads to the form of the request with a proof in its address.
func (v *visit) toAsk(p rights.Proof) error {
	return v.seeOther("/rights/ask/" + v.f.Seal.Seal("proof:"+v.site.Host, p, proofLifetime))
}

// proof is what an address or a form holds; nil for none.
func (v *visit) proof(token string) (*rights.Proof, error) {
	if token == "" {
		return nil, nil
	}
	var p rights.Proof
	if _, err := v.f.Seal.Open("proof:"+v.site.Host, token, &p); err != nil {
		return nil, errs.New(errs.Invalid, "error.identity")
	}
	return &p, nil
}

func rightsAsk(v *visit) error {
	if _, err := v.proof(v.PathValue("token")); err != nil {
		return v.seeOther("/rights/identity")
	}
	return v.rightsForm(http.StatusOK, nil)
}

// providerState is what travels to the provider and back: the ticket, the site from which
// the person set out, and the digest of the secret that his browser keeps.
type providerState struct {
	Ticket identity.Ticket `json:"t"`
	Host   string          `json:"h"`
	Lang   string          `json:"l"`
	Bound  string          `json:"b"`
}

// providerProof is the result on its way back to that site.
type providerProof struct {
	Proof rights.Proof `json:"p"`
	Bound string       `json:"b"`
}

const (
	providerTime   = 10 * time.Minute
	providerCookie = "identity"
)

// providerGo sends the person to the provider. A cookie binds what comes back to this browser.
func providerGo(v *visit) error {
	if v.f.Provider == nil {
		return errs.New(errs.NotFound, "error.not-found")
	}
	secret := rand.Text()
	address, err := v.f.Provider.Begin(v.Context(), func(t identity.Ticket) string {
		return v.f.Seal.Seal("oidc", providerState{t, v.site.Host, v.lang, identity.Bind(secret)}, providerTime)
	})
	if err != nil {
		return err
	}
	_, tls := v.f.Client(v.Request)
	http.SetCookie(v.w, &http.Cookie{Name: providerCookie, Value: secret, Path: "/", MaxAge: int(providerTime.Seconds()), HttpOnly: true, Secure: tls, SameSite: http.SameSiteLaxMode})
	v.w.Header().Set("Cache-Control", kit.CacheNone)
	http.Redirect(v.w, v.Request, address, http.StatusSeeOther)
	return nil
}

// providerBack is where the provider sends people: one address for all sites. What it has
// said goes on to the site from which the person set out.
func (f *Face) providerBack(w http.ResponseWriter, r *http.Request) error {
	var s providerState
	if f.Provider == nil {
		return errs.New(errs.NotFound, "error.not-found")
	}
	if _, err := f.Seal.Open("oidc", r.URL.Query().Get("state"), &s); err != nil {
		return errs.New(errs.Invalid, "error.identity-provider")
	}
	if _, known := f.Site(s.Host); !known {
		return errs.New(errs.Invalid, "error.identity-provider")
	}
	who, err := f.Provider.Finish(r.Context(), s.Ticket, r.URL.Query().Get("code"))
	if err != nil {
		return err
	}
	p := rights.Proof{Way: "oidc", Issuer: who.Issuer, Level: who.Level, At: who.At}
	for way, value := range map[string]string{identity.Email: who.Email, identity.Phone: who.Phone} {
		if value != "" {
			p.Digests = append(p.Digests, f.Digest(way, value))
		}
	}
	token := f.Seal.Seal("oidc-proof:"+s.Host, providerProof{p, s.Bound}, providerTime)
	w.Header().Set("Cache-Control", kit.CacheNone)
	http.Redirect(w, r, f.URL(s.Host)+"/"+s.Lang+"/rights/provider/"+token, http.StatusSeeOther)
	return nil
}

// providerDone takes the result in, where the browser is the one that set out.
func providerDone(v *visit) error {
	var p providerProof
	_, err := v.f.Seal.Open("oidc-proof:"+v.site.Host, v.PathValue("token"), &p)
	cookie, none := v.Cookie(providerCookie)
	if err != nil || none != nil || identity.Bind(cookie.Value) != p.Bound {
		return errs.New(errs.Invalid, "error.identity-provider")
	}
	http.SetCookie(v.w, &http.Cookie{Name: providerCookie, Path: "/", MaxAge: -1, HttpOnly: true})
	return v.toAsk(p.Proof)
}

// shown is how a proof is told to its owner.
func (v *visit) shown(p *rights.Proof) string {
	return strings.TrimSpace(v.t("identity.shown-"+p.Way) + " " + p.Issuer)
}
