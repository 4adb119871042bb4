package provider

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"

	"prasan/internal/errs"
)

// Gateway sends short messages by a service that takes JSON {"to", "text"} with a bearer
// token; the way out names its host and nothing else.
type Gateway struct {
	URL, Token string
	HTTP       *http.Client
}

// Send hands a text over.
func (g *Gateway) Send(ctx context.Context, to, text string) error {
	body, err := json.Marshal(map[string]string{"to": to, "text": text})
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, g.URL, bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+g.Token)
	res, err := g.HTTP.Do(r)
	if err != nil {
		return errs.Wrap(err, errs.Unavailable, "error.sms-refused", "status", "-")
	}
	defer res.Body.Close()
	if res.StatusCode/100 != 2 {
		return errs.New(errs.Unavailable, "error.sms-refused", "status", res.Status)
	}
	return nil
}
