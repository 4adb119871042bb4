package analytics

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/url"

	"prasan/internal/egress"
)

// Google passes events on by the Measurement Protocol of Google Analytics 4: from here
// and not from the visitor's browser, so that neither his address nor his agent goes.
type Google struct {
	client *egress.Client
	url    string
}

// NewGoogle returns the way to a property's stream. address is the protocol's, or that
// of what stands in for it.
func NewGoogle(c *egress.Client, address, measurementID, secret string) *Google {
	return &Google{c, address + "?" + url.Values{"measurement_id": {measurementID}, "api_secret": {secret}}.Encode()}
}

// payload is a request of the protocol: no signal of advertising is ever granted.
type payload struct {
	Client  string            `json:"client_id"`
	Micros  int64             `json:"timestamp_micros"`
	Consent map[string]string `json:"consent"`
	Events  []payloadEvent    `json:"events"`
}

type payloadEvent struct {
	Name   string         `json:"name"`
	Params map[string]any `json:"params"`
	Micros int64          `json:"timestamp_micros"`
}

// Post sends a batch. Google answers with success whatever it is sent; anything else is
// a failure on the way.
func (g *Google) Post(_ context.Context, b Batch) error {
	p := payload{Client: b.Client, Micros: b.Events[0].At.UnixMicro(), Consent: map[string]string{"ad_user_data": "DENIED", "ad_personalization": "DENIED"}}
	for _, e := range b.Events {
		p.Events = append(p.Events, payloadEvent{e.Name, e.Params, e.At.UnixMicro()})
	}
	body, err := json.Marshal(p)
	if err != nil {
		return err
	}
	res, err := g.client.HTTPClient().Post(g.url, "application/json", bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("google analytics cannot be reached") // the cause holds the address, with its secret
	}
	defer res.Body.Close()
	if res.StatusCode/100 != 2 {
		return fmt.Errorf("google analytics answered %d", res.StatusCode)
	}
	return nil
}
