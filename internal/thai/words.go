package thai

import (
	"slices"
	"sort"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"prasan/third_party/thaidict"
)

// Breaker finds the words of Thai text, which is written without spaces between them,
// and with that the places where a line may end. Names given to it are never broken. It
// may be used by several goroutines.
type Breaker struct{ names *trie }

// NewBreaker returns a breaker that keeps names whole: of agencies, places, people. The
// provinces are among them always.
func NewBreaker(names ...string) *Breaker {
	all := slices.Clone(names)
	for _, p := range Provinces() {
		all = append(all, p.TH, "จังหวัด"+p.TH)
	}
	slices.Sort(all)
	return &Breaker{grow(slices.Compact(all))}
}

var plain = sync.OnceValue(func() *Breaker { return NewBreaker() })

// Words splits text into words, spaces and marks; joined they are the text again.
func Words(text string) []string { return plain().Words(text) }

// Words splits text into words, spaces and marks; joined they are the text again.
func (b *Breaker) Words(text string) []string {
	var out []string
	from := 0
	b.each(text, func(end int, _ bool) {
		out = append(out, text[from:end])
		from = end
	})
	return out
}

// Breaks returns the byte offsets at which a line may end, in ascending order; the end
// of the text is not among them. A zero-width space allows a break, a no-break space and
// a word joiner forbid one, and what closes is not parted from what it closes.
func (b *Breaker) Breaks(text string) []int {
	var out []int
	b.each(text, func(end int, broken bool) {
		if broken && end < len(text) && mayPart(text, end) {
			out = append(out, end)
		}
	})
	return out
}

// Characters that a line does not begin or end with.
const (
	neverFirst = " )]}”’»›,.;:!?%…ๆฯ/\u00a0\u202f\u2060"
	neverLast  = "([{“‘«‹\u00a0\u202f\u2060"
)

func mayPart(text string, at int) bool {
	before, _ := utf8.DecodeLastRuneInString(text[:at])
	after, _ := utf8.DecodeRuneInString(text[at:])
	return !strings.ContainsRune(neverFirst, after) && !strings.ContainsRune(neverLast, before) && !unicode.IsMark(after)
}

// each walks over the pieces of a text; broken tells whether a line may end after one.
func (b *Breaker) each(text string, give func(end int, broken bool)) {
	for from := 0; from < len(text); {
		if n := b.names.longest(text[from:]); n > 0 && startsWord(text, from) && endsWord(text, from+n) {
			from += n
			give(from, breaksAfter(text, from))
			continue
		}
		r, size := utf8.DecodeRuneInString(text[from:])
		switch {
		case isLetter(r):
			to := b.runOf(text, from)
			thaiWords(text[from:to], func(end int) { give(from+end, true) })
			from = to
		case r == ' ' || r == '\t' || r == '\n' || r == '\u200b':
			from += size
			give(from, true)
		case r == '-': // numbers of cases and codes have hyphens and stay whole
			from += size
			next, _ := utf8.DecodeRuneInString(text[from:])
			give(from, isLetter(next))
		default:
			from += size
			for from < len(text) {
				r, size := utf8.DecodeRuneInString(text[from:])
				if isLetter(r) || strings.ContainsRune(" \t\n\u200b-", r) {
					break
				}
				from += size
			}
			give(from, breaksAfter(text, from))
		}
	}
}

// breaksAfter: what is not of Thai letters ends a line where a space or Thai letters follow,
// but digits stay with the sign before them.
func breaksAfter(text string, at int) bool {
	after, _ := utf8.DecodeRuneInString(text[at:])
	before, _ := utf8.DecodeLastRuneInString(text[:at])
	return isLetter(after) && before != '.' && before != '/'
}

// startsWord and endsWord keep a name from being found in the middle of a syllable.
func startsWord(text string, at int) bool {
	r, _ := utf8.DecodeLastRuneInString(text[:at])
	return at == 0 || r < 'เ' || r > 'ไ'
}

func endsWord(text string, at int) bool {
	r, _ := utf8.DecodeRuneInString(text[at:])
	return at == len(text) || !isDependent(r)
}

// isLetter: consonants, vowels and marks of Thai; not its digits, which behave like others.
func isLetter(r rune) bool { return r >= 'ก' && r <= '๎' && r != '฿' }

// isDependent: what follows the consonant that it belongs to.
func isDependent(r rune) bool {
	return r == 'ะ' || r == 'ั' || r >= 'า' && r <= 'ฺ' || r == 'ๅ' || r >= '็' && r <= '๎'
}

// runOf is where the letters end that begin at from, or where a name begins among them.
func (b *Breaker) runOf(text string, from int) int {
	for i, r := range text[from:] {
		if !isLetter(r) {
			return from + i
		}
		if at := from + i; i > 0 && startsWord(text, at) && !isDependent(r) {
			if n := b.names.longest(text[at:]); n > 0 && endsWord(text, at+n) {
				return at
			}
		}
	}
	return len(text)
}

// Costs: a text that is made of few known words is the likelier reading.
const (
	costWord    = 10
	costUnknown = 35 // for each syllable-like piece that no word covers
)

// thaiWords finds the cheapest way through a run of Thai letters.
func thaiWords(run string, give func(end int)) {
	type step struct{ cost, from int }
	const far = 1 << 30
	best := make([]step, len(run)+1)
	for i := range best {
		best[i].cost = far
	}
	best[0].cost = 0
	reach := func(from, to, cost int) {
		// Of equal readings the one whose last word is longer is kept: it came first.
		if c := best[from].cost + cost; c < best[to].cost {
			best[to] = step{c, from}
		}
	}
	for i := 0; i < len(run); i += 3 { // every letter of the block has three bytes
		if best[i].cost == far {
			continue
		}
		words().each(run[i:], func(n int) {
			if at := i + n; startsWord(run, at) && endsWord(run, at) {
				reach(i, at, costWord)
			}
		})
		if r, size := utf8.DecodeRuneInString(run[i:]); r == 'ๆ' || r == 'ฯ' {
			reach(i, i+size, 0)
		}
		reach(i, cluster(run, i), costUnknown)
	}
	var ends []int
	for at := len(run); at > 0; at = best[at].from {
		ends = append(ends, at)
	}
	slices.Reverse(ends)
	from := 0
	for i, end := range ends {
		// Pieces that no word covers stay together: a name that the list does not know.
		if i+1 < len(ends) && words().longest(run[from:]) < end-from && words().longest(run[end:]) < ends[i+1]-end {
			continue
		}
		give(end)
		from = end
	}
}

// cluster is the end of the smallest piece at from that can be written alone: a leading
// vowel with its consonant, and all marks that belong to them.
func cluster(run string, from int) int {
	at := from
	for at < len(run) {
		r, size := utf8.DecodeRuneInString(run[at:])
		at += size
		if r >= 'เ' && r <= 'ไ' {
			continue
		}
		break
	}
	for at < len(run) {
		r, size := utf8.DecodeRuneInString(run[at:])
		if !isDependent(r) {
			break
		}
		at += size
	}
	return at
}

// words is the dictionary, made when it is first asked for.
var words = sync.OnceValue(func() *trie {
	text, err := thaidict.Words()
	if err != nil {
		panic(err) // it is part of the program
	}
	return grow(strings.Fields(text))
})

// trie holds words by their bytes. The children of a node lie beside each other.
type trie struct{ nodes []node }

type node struct {
	first int32 // of the children
	count uint8 // of the children, less one
	label byte
	flags uint8 // hasChildren, isWord
}

const (
	hasChildren = 1 << iota
	isWord
)

// grow makes a trie of words that are sorted by bytes.
func grow(list []string) *trie {
	t := &trie{nodes: make([]node, 1, 1+3*len(list))}
	type job struct {
		node, from, to, depth int
	}
	queue := []job{{0, 0, len(list), 0}}
	for len(queue) > 0 {
		j := queue[0]
		queue = queue[1:]
		for j.from < j.to && len(list[j.from]) == j.depth {
			if j.depth > 0 {
				t.nodes[j.node].flags |= isWord
			}
			j.from++
		}
		first := len(t.nodes)
		for j.from < j.to {
			label := list[j.from][j.depth]
			end := j.from + sort.Search(j.to-j.from, func(k int) bool { return list[j.from+k][j.depth] > label })
			queue = append(queue, job{len(t.nodes), j.from, end, j.depth + 1})
			t.nodes = append(t.nodes, node{label: label})
			j.from = end
		}
		if n := len(t.nodes) - first; n > 0 {
			t.nodes[j.node].first, t.nodes[j.node].count = int32(first), uint8(n-1)
			t.nodes[j.node].flags |= hasChildren
		}
	}
	return t
}

// each gives the lengths of the words that a text begins with, shortest first.
func (t *trie) each(text string, give func(n int)) {
	at := &t.nodes[0]
	for i := range len(text) {
		if at.flags&hasChildren == 0 {
			return
		}
		children := t.nodes[at.first : int(at.first)+int(at.count)+1]
		k := 0
		for k < len(children) && children[k].label < text[i] {
			k++
		}
		if k == len(children) || children[k].label != text[i] {
			return
		}
		at = &children[k]
		if at.flags&isWord != 0 {
			give(i + 1)
		}
	}
}

// longest is the length of the longest word that a text begins with; 0 for none.
func (t *trie) longest(text string) (n int) {
	t.each(text, func(length int) { n = length })
	return n
}
