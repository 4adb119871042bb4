package ropa_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"prasan/internal/ropa"
)

func compiledSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(ropa.JSONSchema()))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource(ropa.SchemaID, doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile(ropa.SchemaID)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestTheSchemaAcceptsTheSeeds(t *testing.T) {
	s := compiledSchema(t)
	for _, code := range ropa.SeedCodes {
		for n := 1; n <= 2; n++ {
			text, err := ropa.MarshalJSON(ropa.Seed(code, n))
			if err != nil {
				t.Fatal(err)
			}
			doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
			if err != nil {
				t.Fatal(err)
			}
			if err := s.Validate(doc); err != nil {
				t.Errorf("%s revision %d: %v", code, n, err)
			}
		}
	}
}

// What the reader refuses for a value, the schema refuses too.
func TestTheSchemaRefusesWhatTheReaderRefuses(t *testing.T) {
	s := compiledSchema(t)
	head := map[string]any{"apiVersion": "ropa/v1", "kind": "Activity", "code": "x"}
	for name, doc := range map[string]map[string]any{
		"no code":          {"apiVersion": "ropa/v1", "kind": "Activity"},
		"other version":    {"apiVersion": "ropa/v9", "kind": "Activity", "code": "x"},
		"unknown key":      {"colour": "red"},
		"unknown row":      {"form": map[string]any{"colour": map[string]any{"state": "given"}}},
		"unknown state":    {"form": map[string]any{"volume": map[string]any{"state": "perhaps"}}},
		"unknown class":    {"elements": []any{map[string]any{"code": "a", "class": "secret"}}},
		"unknown channel":  {"recipients": map[string]any{"domestic": []any{map[string]any{"via": []any{"fax"}}}}},
		"unknown role":     {"duties": map[string]any{"review": []any{map[string]any{"role": "boss"}}}},
		"unknown medium":   {"flow": map[string]any{"edges": []any{map[string]any{"medium": "pigeon"}}}},
		"unknown region":   {"inventory": map[string]any{"systems": []any{map[string]any{"cloud_region": map[string]any{"code": "moon"}}}}},
		"no period":        {"retention": []any{map[string]any{"period": "ten years"}}},
		"no cycle":         {"review": map[string]any{"cycle": "yearly"}},
		"code with spaces": {"purposes": []any{map[string]any{"code": "a b"}}},
		"negative":         {"volume": map[string]any{"declared": -1}},
	} {
		for k, v := range head {
			if _, ok := doc[k]; !ok && name != "no code" {
				doc[k] = v
			}
		}
		text, err := json.Marshal(doc)
		if err != nil {
			t.Fatal(err)
		}
		parsed, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		if s.Validate(parsed) == nil {
			t.Errorf("%s: the schema accepts %s", name, text)
		}
		if _, err := ropa.Parse(text); err == nil {
			t.Errorf("%s: the reader accepts %s", name, text)
		}
	}
}

func TestTheSchemaIsPublished(t *testing.T) {
	path := filepath.Join("..", "..", "docs", "ropa-schema.json")
	if os.Getenv("PRASAN_UPDATE") != "" {
		if err := os.WriteFile(path, ropa.JSONSchema(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(path)
	if err != nil || !bytes.Equal(text, ropa.JSONSchema()) {
		t.Errorf("docs/ropa-schema.json is not what the types say (PRASAN_UPDATE=1 go test): %v", err)
	}
	if !strings.Contains(string(text), `"transfer.after_rule"`) {
		t.Error("the schema lacks rows")
	}
}
