package analytics

import (
	"hash/maphash"
	"sync"
)

// memo remembers what came of a text that comes again and again: the class of a user
// agent, the clean form of a path. It keeps a hash of the text, never the text, by a
// seed that no other process has.
type memo[V any] struct {
	mu    sync.RWMutex
	table map[uint64]V
}

// maxMemo bounds a memo, which begins anew when it is full.
const maxMemo = 8192

var memoSeed = maphash.MakeSeed()

func (m *memo[V]) of(text string, work func(string) V) V {
	key := maphash.String(memoSeed, text)
	m.mu.RLock()
	v, ok := m.table[key]
	m.mu.RUnlock()
	if ok {
		return v
	}
	v = work(text)
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.table == nil || len(m.table) >= maxMemo {
		m.table = make(map[uint64]V)
	}
	m.table[key] = v
	return v
}

var (
	clientsMemo  memo[Client]
	pathsMemo    memo[string]
	referrerMemo memo[string]
)
