package public

import (
	"bytes"
	"net/http"
	"strconv"
	"strings"
	"time"

	"prasan/internal/cases"
	"prasan/internal/errs"
	"prasan/internal/web/kit"
)

// receiptLifetime is how long the receipt's page can be opened again. The address
// holds the nonce of the form, sealed; the code itself is stored only hashed.
const receiptLifetime = 24 * time.Hour

type receiptToken struct {
	Nonce []byte `json:"x"`
}

func (v *visit) receipt(token string) (cases.Receipt, error) {
	var t receiptToken
	if _, err := v.f.Seal.Open("receipt:"+v.site.Host, token, &t); err != nil {
		return cases.Receipt{}, errs.New(errs.NotFound, "public.receipt-old")
	}
	return v.f.Cases.Again(v.Context(), t.Nonce)
}

type receiptPage struct {
	cases.Receipt
	Slip                 string // address of the picture, "" when there is none
	Inside               bool   // the browser is part of another program, which saves nothing but pictures
	TrackHost, TrackPath string // where the case is followed, as one types it
}

func receipt(v *visit) error {
	token := v.PathValue("token")
	r, err := v.receipt(token)
	if err != nil {
		return err
	}
	_, host, _ := strings.Cut(v.f.URL(v.site.Host), "://")
	p := receiptPage{Receipt: r, TrackHost: host, TrackPath: v.to("/track")}
	p.Inside = isInside(v.UserAgent())
	if v.f.Slip != nil {
		p.Slip = v.to("/contact/slip/" + token + ".png")
	}
	return v.page(kit.Page{Title: v.t("public.receipt"), Class: "receipt", Cache: kit.CacheNone}, "receipt", p)
}

// isInside tells whether a browser is part of LINE or of a like program.
func isInside(agent string) bool {
	for _, name := range []string{"Line/", "FBAN/", "FBAV/", "Instagram"} {
		if strings.Contains(agent, name) {
			return true
		}
	}
	return false
}

// slipImage is the receipt as a picture: in browsers inside other programs a long
// press saves it where nothing else can be saved.
func slipImage(v *visit) error {
	token, ok := strings.CutSuffix(v.PathValue("token"), ".png")
	if !ok || v.f.Slip == nil {
		return errs.New(errs.NotFound, "error.not-found")
	}
	r, err := v.receipt(token)
	if err != nil {
		return err
	}
	var out bytes.Buffer
	err = v.f.Slip(&out, Slip{Lang: v.lang, Agency: v.site.Name.In(v.lang), Reference: r.Reference, Code: r.Code, Holder: r.Holder.In(v.lang), ReceivedAt: r.ReceivedAt, ReplyBy: r.ReplyBy, URL: v.f.URL(v.site.Host) + v.to("/track")})
	if err != nil {
		return err
	}
	h := v.w.Header()
	h.Set("Content-Type", "image/png")
	h.Set("Cache-Control", kit.CacheNone)
	h.Set("Content-Length", strconv.Itoa(out.Len()))
	h.Set("Content-Disposition", `inline; filename="`+r.Reference+`.png"`)
	if v.Method != http.MethodHead {
		_, _ = v.w.Write(out.Bytes())
	}
	return nil
}
