// Package webtest reads pages as a browser without JavaScript does: it finds forms,
// keeps what they hold, and posts them. Tests and benchmarks walk the site with it.
// Hosts are not looked up: every request goes to one address, with the Host header of
// the URL, because not every resolver knows *.localhost.
package webtest

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"

	"golang.org/x/net/html"
)

// Client is a visitor.
type Client struct {
	HTTP *http.Client
	Addr string
}

// New returns a visitor with a cookie jar; all connections go to addr.
func New(addr string) *Client {
	jar, _ := cookiejar.New(nil)
	dial := func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, addr)
	}
	return &Client{Addr: addr, HTTP: &http.Client{Jar: jar, Transport: &http.Transport{DialContext: dial, MaxIdleConnsPerHost: 100}}}
}

// Page is an answer, parsed.
type Page struct {
	client *Client
	URL    *url.URL
	Status int
	Header http.Header
	Body   string
	Doc    *html.Node
}

// Get opens a page.
func (c *Client) Get(rawURL string) (*Page, error) {
	return c.Do("GET", rawURL, "", nil)
}

// Do sends a request and follows redirects.
func (c *Client) Do(method, rawURL, contentType string, body io.Reader) (*Page, error) {
	req, err := http.NewRequest(method, rawURL, body)
	if err != nil {
		return nil, err
	}
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	res, err := c.HTTP.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		return nil, err
	}
	p := &Page{client: c, URL: res.Request.URL, Status: res.StatusCode, Header: res.Header, Body: string(text)}
	if strings.HasPrefix(res.Header.Get("Content-Type"), "text/html") {
		p.Doc, err = html.Parse(bytes.NewReader(text))
	}
	return p, err
}

// Walk calls f for each element in document order until it returns false.
func Walk(n *html.Node, f func(*html.Node) bool) bool {
	if n == nil {
		return true
	}
	if n.Type == html.ElementNode && !f(n) {
		return false
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		if !Walk(c, f) {
			return false
		}
	}
	return true
}

// Attr returns an attribute; ok tells whether it is there.
func Attr(n *html.Node, name string) (value string, ok bool) {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val, true
		}
	}
	return "", false
}

// Text returns the text inside a node with its spaces joined.
func Text(n *html.Node) string {
	var b strings.Builder
	var walk func(*html.Node)
	walk = func(n *html.Node) {
		if n.Type == html.TextNode {
			b.WriteString(n.Data)
		}
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			walk(c)
		}
	}
	walk(n)
	return strings.Join(strings.Fields(b.String()), " ")
}

// ByID returns the element with an id, or nil.
func (p *Page) ByID(id string) *html.Node {
	var found *html.Node
	Walk(p.Doc, func(n *html.Node) bool {
		if v, _ := Attr(n, "id"); v == id {
			found = n
		}
		return found == nil
	})
	return found
}

// TextOf returns the text of the element with an id.
func (p *Page) TextOf(id string) string {
	if n := p.ByID(id); n != nil {
		return Text(n)
	}
	return ""
}

// Form is a form of a page with the values it would send.
type Form struct {
	page    *Page
	Action  string
	Method  string
	Enctype string
	Values  url.Values
	Names   map[string]bool // every field, filled or not
	Buttons []Button
}

// Button is a submit button.
type Button struct{ Name, Value, Action, Text string }

// Forms returns the forms of the page.
func (p *Page) Forms() []*Form {
	var out []*Form
	Walk(p.Doc, func(n *html.Node) bool {
		if n.Data == "form" {
			out = append(out, p.form(n))
		}
		return true
	})
	return out
}

// Form returns the form that has a field of that name, or nil.
func (p *Page) Form(field string) *Form {
	for _, f := range p.Forms() {
		if f.Names[field] {
			return f
		}
	}
	return nil
}

func (p *Page) form(n *html.Node) *Form {
	f := &Form{page: p, Method: "GET", Values: url.Values{}, Names: map[string]bool{}}
	f.Action, _ = Attr(n, "action")
	f.Enctype, _ = Attr(n, "enctype")
	if m, ok := Attr(n, "method"); ok {
		f.Method = strings.ToUpper(m)
	}
	Walk(n, func(e *html.Node) bool { f.field(e); return true })
	return f
}

func (f *Form) field(e *html.Node) {
	name, _ := Attr(e, "name")
	value, _ := Attr(e, "value")
	kind, _ := Attr(e, "type")
	switch e.Data {
	case "input":
		if name == "" {
			return
		}
		f.Names[name] = true
		_, checked := Attr(e, "checked")
		if kind == "file" || kind == "submit" || (kind == "radio" || kind == "checkbox") && !checked {
			return
		}
		f.Values.Add(name, value)
	case "textarea":
		f.Names[name] = true
		text := ""
		if e.FirstChild != nil {
			text = e.FirstChild.Data
		}
		f.Values.Set(name, text)
	case "select":
		f.Names[name] = true
		Walk(e, func(o *html.Node) bool {
			if o.Data == "option" {
				v, _ := Attr(o, "value")
				if _, sel := Attr(o, "selected"); sel || !f.Values.Has(name) {
					f.Values.Set(name, v)
				}
			}
			return true
		})
	case "button":
		action, _ := Attr(e, "formaction")
		if kind == "" || kind == "submit" {
			f.Buttons = append(f.Buttons, Button{name, value, action, Text(e)})
		}
	}
}

// Set fills a field; it fails when the form has no such field.
func (f *Form) Set(name, value string) *Form {
	if !f.Names[name] {
		panic(fmt.Sprintf("the form has no field %q", name))
	}
	f.Values.Set(name, value)
	return f
}

// File is a file to attach.
type File struct {
	Field, Name string
	Content     []byte
}

// Submit sends the form, as its first button without an action of its own would.
func (f *Form) Submit(files ...File) (*Page, error) {
	values := url.Values{}
	for k, v := range f.Values {
		values[k] = v
	}
	for _, b := range f.Buttons {
		if b.Action == "" {
			if b.Name != "" {
				values.Set(b.Name, b.Value)
			}
			break
		}
	}
	return f.send(f.Action, values, files)
}

// Press sends the form by the button whose text contains text.
func (f *Form) Press(text string, files ...File) (*Page, error) {
	for _, b := range f.Buttons {
		if strings.Contains(b.Text, text) {
			values := url.Values{}
			for k, v := range f.Values {
				values[k] = v
			}
			if b.Name != "" {
				values.Set(b.Name, b.Value)
			}
			action := f.Action
			if b.Action != "" {
				action = b.Action
			}
			return f.send(action, values, files)
		}
	}
	return nil, fmt.Errorf("no button %q", text)
}

func (f *Form) send(action string, values url.Values, files []File) (*Page, error) {
	target, err := f.page.URL.Parse(action)
	if err != nil {
		return nil, err
	}
	if f.Method == "GET" {
		target.RawQuery = values.Encode()
		return f.page.client.Get(target.String())
	}
	if f.Enctype != "multipart/form-data" {
		return f.page.client.Do("POST", target.String(), "application/x-www-form-urlencoded", strings.NewReader(values.Encode()))
	}
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	for k, vs := range values {
		for _, v := range vs {
			_ = w.WriteField(k, v)
		}
	}
	for _, file := range files {
		part, err := w.CreateFormFile(file.Field, file.Name)
		if err != nil {
			return nil, err
		}
		_, _ = part.Write(file.Content)
	}
	w.Close()
	return f.page.client.Do("POST", target.String(), w.FormDataContentType(), &body)
}
