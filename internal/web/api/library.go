package api

import (
	"strconv"
	"time"

	"prasan/internal/blob"
	"prasan/internal/errs"
	"prasan/internal/library"
	"prasan/internal/policy"
)

// LibraryDocument is a document that the record cites.
type LibraryDocument struct {
	library.Document
	Title Text `json:"title"`
}

func documentOf(d library.Document) LibraryDocument { return LibraryDocument{d, textOf(d.Title)} }

type newDocument struct {
	Code   string    `json:"code" doc:"By which the record cites it."`
	Kind   string    `json:"kind" enum:"regulation,policy,agreement,training,domains,order,acting,form,notice,other"`
	Title  Text      `json:"title"`
	Agency string    `json:"agency"`
	Public bool      `json:"public"`
	Label  string    `json:"label" doc:"Of its first version, as printed on it."`
	From   time.Time `json:"valid_from"`
	To     time.Time `json:"valid_to,omitempty"`
	URL    string    `json:"url" doc:"Where it lies; a file is uploaded as a version."`
	Note   string    `json:"note,omitempty"`
}

type documentLink struct {
	Activity string `json:"activity,omitempty" doc:"Every activity if absent."`
	Field    string `json:"field,omitempty" doc:"Identifier of a row of the form."`
	Object   string `json:"object,omitempty" doc:"An order, such as delegation:ID."`
}

type publicDocument struct {
	Public bool `json:"public"`
}

// LibraryOperations: the documents that the register cites.
func LibraryOperations(s *library.Service) []Operation {
	const tag = "library"
	path := "/library/{code}"
	link := func(c *Call, in documentLink, f func(library.Link) error) (LibraryDocument, error) {
		if err := f(library.Link{Activity: in.Activity, Field: in.Field, Object: in.Object}); err != nil {
			return LibraryDocument{}, err
		}
		d, err := s.Get(c.Request.Context(), c.Path("code"))
		return documentOf(d), err
	}
	return []Operation{
		Get(Operation{ID: "listDocuments", Path: "/library", Tag: tag, Summary: "Documents of the library with their versions and what cites them.", Action: "record.read", Query: []Param{{Name: "kind", Summary: "Of one kind.", Enum: library.Kinds}}}, func(c *Call) (Page[LibraryDocument], error) {
			all, err := s.List(c.Request.Context(), c.Query("kind"))
			return PageOf(all, len(all), documentOf, nil), err
		}),
		Get(Operation{ID: "getDocument", Path: path, Tag: tag, Summary: "A document.", Action: "record.read"}, func(c *Call) (LibraryDocument, error) {
			d, err := s.Get(c.Request.Context(), c.Path("code"))
			return documentOf(d), err
		}),
		Get(Operation{ID: "getDocumentFile", Path: path + "/versions/{n}/file", Tag: tag, Summary: "The file of a version.", Action: "record.read", Types: []string{"application/octet-stream"}}, func(c *Call) (Raw, error) {
			n, err := strconv.Atoi(c.Path("n"))
			if err != nil {
				return Raw{}, errNotFound
			}
			f, body, err := s.Read(c.Request.Context(), c.Path("code"), n)
			return Raw{f.Type, body}, err
		}),
		Do(Operation{ID: "addDocument", Path: "/library", Tag: tag, Summary: "Add a document with its first version.", Action: library.Action, Creates: true}, func(c *Call, in newDocument) (LibraryDocument, error) {
			d, err := s.Add(c.Request.Context(), c.Actor, library.Document{Code: in.Code, Kind: in.Kind, Title: policy.Text{TH: in.Title.TH, EN: in.Title.EN}, Agency: in.Agency, Public: in.Public}, library.Version{Label: in.Label, From: in.From, To: in.To, URL: in.URL, Note: in.Note}, nil)
			if err != nil {
				return LibraryDocument{}, err
			}
			c.Location = "/library/" + d.Code
			d, err = s.Get(c.Request.Context(), d.Code)
			return documentOf(d), err
		}),
		Get(post(Operation{ID: "addDocumentVersion", Path: path + "/versions", Tag: tag, Summary: "Add a version: the body is its file.", Action: library.Action, Upload: blob.MaxFile,
			Query: []Param{{Name: "name", Summary: "Name of the file."}, {Name: "label", Summary: "Of the version, as printed on it."}, {Name: "from", Summary: "RFC 3339: from when it holds."}, {Name: "to", Summary: "RFC 3339: until when; for ever if absent."}, {Name: "note", Summary: "What changed."}}}), func(c *Call) (LibraryDocument, error) {
			return addDocumentVersion(s, c)
		}),
		Do(Operation{ID: "linkDocument", Path: path + "/link", Tag: tag, Summary: "Tie a document to a row of the form or to an order.", Action: library.Action}, func(c *Call, in documentLink) (LibraryDocument, error) {
			return link(c, in, func(l library.Link) error { return s.Link(c.Request.Context(), c.Actor, c.Path("code"), l) })
		}),
		Do(Operation{ID: "unlinkDocument", Path: path + "/unlink", Tag: tag, Summary: "Untie it.", Action: library.Action}, func(c *Call, in documentLink) (LibraryDocument, error) {
			return link(c, in, func(l library.Link) error { return s.Unlink(c.Request.Context(), c.Actor, c.Path("code"), l) })
		}),
		Do(Operation{ID: "publishDocument", Path: path + "/publish", Tag: tag, Summary: "Show a document to the public, or no longer.", Action: library.Action}, func(c *Call, in publicDocument) (LibraryDocument, error) {
			return link(c, documentLink{}, func(library.Link) error {
				return s.Publish(c.Request.Context(), c.Actor, c.Path("code"), in.Public)
			})
		}),
	}
}

func addDocumentVersion(s *library.Service, c *Call) (LibraryDocument, error) {
	v := library.Version{Label: c.Query("label"), Note: c.Query("note")}
	for name, at := range map[string]*time.Time{"from": &v.From, "to": &v.To} {
		text := c.Query(name)
		if text == "" {
			continue
		}
		t, err := time.Parse(time.RFC3339, text)
		if err != nil {
			return LibraryDocument{}, errs.InvalidField(name, "error.date")
		}
		*at = t
	}
	file, err := s.Files.Stage(c.Request.Context(), c.Query("name"), c.Request.Body)
	if err != nil {
		return LibraryDocument{}, err
	}
	d, err := s.AddVersion(c.Request.Context(), c.Actor, c.Path("code"), v, &file)
	return documentOf(d), err
}
