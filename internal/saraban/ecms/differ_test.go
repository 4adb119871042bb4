package ecms

import (
	"math/rand/v2"
	"strings"
	"testing"
)

// agree: what is verified here is verified by the other reading too, and says the same.
// The other way round, what is refused here is not looked at: here more is asked.
func agree(t *testing.T, text string) bool {
	t.Helper()
	root, err := parse(strings.NewReader(text), -1, "")
	if err != nil {
		return false
	}
	signed, who, err := verify(root.raw())
	if err != nil {
		return false
	}
	canonical, other, err := otherVerify([]byte(text))
	if err != nil || !other.Equal(who) {
		t.Fatalf("only here it is verified: %v\n%.3000q", err, text)
	}
	again, err := parseBytes(canonical)
	if err != nil || again.saying() != signed.saying() {
		t.Fatalf("it says another thing, %v\n%.3000q", err, text)
	}
	return true
}

// A signed letter is altered in many ways, most of which a signature does not outlive; some,
// such as white space in a tag, it does. What is taken here the other reading takes, too.
func TestWhatIsTakenOfAlteredLettersAnotherReadingTakesToo(t *testing.T) {
	key := ecdsaKey(t)
	l := letter()
	l.Attachments[0].Data = []byte(strings.Repeat("กขค1234", 6_000))
	if err := Sign(l, key, certified(t, key)); err != nil {
		t.Fatal(err)
	}
	whole := l.Document.String()
	if !agree(t, whole) {
		t.Fatal("the letter itself is refused")
	}
	g := rand.New(rand.NewPCG(7, 8))
	pieces := []string{" ", "\n", "<!-- x -->", "<?p q?>", "<![CDATA[]]>", "&#65;", ` ID="Letter"`, ` id="x"`, ` xmlns:q="urn:q"`, ` xmlns=""`, "<ds:Signature/>", "<x/>", "<ram:CorrespondenceLetter/>", "]]>", "\r", "A", "=", `xml:id="Letter"`, "</ram:CorrespondenceLetter><ram:CorrespondenceLetter>"}
	taken := 0
	for range 3000 {
		text := whole
		for range 1 + g.IntN(2) {
			at := g.IntN(len(text))
			if g.IntN(2) == 0 { // beside a tag
				at = max(strings.IndexAny(text[at:], "<> "), 0) + at + g.IntN(2)
			}
			at = min(at, len(text))
			cut := min(at+g.IntN(3)*g.IntN(3), len(text))
			text = text[:at] + pieces[g.IntN(len(pieces))] + text[cut:]
		}
		if agree(t, text) {
			taken++
		}
	}
	if taken < 50 {
		t.Errorf("only %d of them were taken at all", taken)
	}
}

func FuzzSigned(f *testing.F) {
	key := ecdsaKey(f)
	l := letter()
	if err := Sign(l, key, certified(f, key)); err != nil {
		f.Fatal(err)
	}
	whole := l.Document.String()
	f.Add(10, 0, "<!-- x -->")
	f.Add(300, 3, ` ID="Letter"`)
	f.Fuzz(func(t *testing.T, at, cut int, more string) {
		if at < 0 || cut < 0 || at > len(whole) || cut > len(whole)-at || strings.ContainsFunc(more, func(r rune) bool { return r > '~' }) { // the library knows names of an older edition
			return
		}
		agree(t, whole[:at]+more+whole[at+cut:])
	})
}
