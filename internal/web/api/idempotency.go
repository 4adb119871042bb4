package api

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"net/http"

	"prasan/internal/errs"
	"prasan/internal/idempotency"
)

// idempotent runs a creating operation at most once for an account and key.
func (a *API) idempotent(w http.ResponseWriter, o Operation, c *Call) error {
	key := c.Request.Header.Get("Idempotency-Key")
	if key == "" {
		res, err := a.run(o, c)
		if err != nil {
			return err
		}
		return res.write(w)
	}
	if len(key) > 200 {
		return errs.InvalidField("Idempotency-Key", "error.idempotency-key")
	}
	ctx, account, kept := c.Request.Context(), c.Account.Name, idempotency.Store{DB: a.DB, Vault: a.Vault}
	c.Nonce = a.digest("nonce", account, o.ID, key)[:16]
	old, err := kept.Reserve(ctx, account, key, a.digest("request", c.Request.Method, c.Request.URL.Path, string(c.body)))
	if err != nil {
		return err
	}
	if old != nil {
		w.Header().Set("Idempotent-Replayed", "true")
		return answer{Status: old.Status, Location: old.Location, Body: old.Body}.write(w)
	}
	res, err := a.run(o, c)
	if err != nil {
		return errors.Join(err, kept.Release(ctx, account, key))
	}
	if err := kept.Keep(ctx, account, key, idempotency.Answer{Status: res.Status, Location: res.Location, Body: res.Body}); err != nil {
		return err
	}
	return res.write(w)
}

func (a *API) digest(parts ...string) []byte {
	mac := hmac.New(sha256.New, a.key)
	text, _ := json.Marshal(parts) // strings are always JSON
	mac.Write(text)
	return mac.Sum(nil)
}
