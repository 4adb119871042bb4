package usage

import (
	"encoding/json"
	"reflect"
	"testing"
	"unicode/utf8"
)

func FuzzWhatIsReadWithoutReflectionIsWhatJSONSays(f *testing.F) {
	for _, s := range []string{`{"n":"page_view","u":"https://a.example/th/","r":"","t":"หน้าแรก","w":390}`, `{"u":"x","w":007}`, `{"u":"x","w":1}{`, `{ "w" : 12 , "u":"y" }`, `{"u":"a","u":"b"}`, `{"u":"a\u0e01"}`, `{"w":-1}`, `{"w":1e3}`, `{}`, `{"p":{"a":1}}`, `{"w":12a}`, `{"u":null}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var fast, slow wire
		if !utf8.Valid(body) || !fast.plain(body) {
			return
		}
		if err := json.Unmarshal(body, &slow); err != nil {
			t.Fatalf("%q is read, and is no JSON: %v", body, err)
		}
		if !reflect.DeepEqual(fast, slow) {
			t.Errorf("%q: %+v, not %+v", body, fast, slow)
		}
	})
}
