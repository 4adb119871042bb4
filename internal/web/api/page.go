package api

import (
	"encoding/base64"
	"encoding/json"
	"strconv"

	"prasan/internal/errs"
)

// Page is a page of a list.
type Page[T any] struct {
	Items []T    `json:"items"`
	Next  string `json:"next,omitempty" doc:"Cursor of the next page; absent on the last one."`
}

// Limit is how many items the caller wants.
func (c *Call) Limit() (int, error) {
	text := c.Query("limit")
	if text == "" {
		return 50, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > 200 {
		return 0, errs.InvalidField("limit", "error.limit", "max", 200)
	}
	return n, nil
}

// Cursor reads what MakeCursor made, which must have n parts; nil on the first page.
func (c *Call) Cursor(n int) ([]string, error) {
	text := c.Query("cursor")
	if text == "" {
		return nil, nil
	}
	var parts []string
	plain, err := base64.RawURLEncoding.DecodeString(text)
	if err == nil {
		err = json.Unmarshal(plain, &parts)
	}
	if err != nil || len(parts) != n {
		return nil, errs.InvalidField("cursor", "error.cursor")
	}
	return parts, nil
}

// MakeCursor makes a cursor of the key of the last item.
func MakeCursor(parts ...string) string {
	plain, err := json.Marshal(parts)
	if err != nil {
		return "" // strings are always JSON
	}
	return base64.RawURLEncoding.EncodeToString(plain)
}

// PageOf cuts a page off a list that was asked for one more than the limit.
func PageOf[T, U any](list []T, limit int, show func(T) U, cursor func(T) string) Page[U] {
	p := Page[U]{Items: []U{}}
	if len(list) > limit {
		list = list[:limit]
		p.Next = cursor(list[limit-1])
	}
	for _, x := range list {
		p.Items = append(p.Items, show(x))
	}
	return p
}
