package kit

import "testing"

func TestAHostIsKnownWhateverFormItsNameComesIn(t *testing.T) {
	for authority, want := range map[string]string{"a.example": "a.example", "A.Example.": "a.example", "a.example:8080": "a.example", "a.example.:8080": "a.example",
		"[::1]": "[::1]", "[::1]:80": "::1", "a:b:c": "a:b:c", "": ""} {
		if got := HostName(authority); got != want {
			t.Errorf("%q: %q, not %q", authority, got, want)
		}
	}
}
