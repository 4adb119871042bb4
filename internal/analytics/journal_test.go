package analytics

import (
	"fmt"
	"reflect"
	"testing"

	"pgregory.net/rapid"
)

// fill gives every field of a struct a value of its own.
func fill(v reflect.Value, n *int64) {
	for i := range v.NumField() {
		f := v.Field(i)
		f = reflect.NewAt(f.Type(), f.Addr().UnsafePointer()).Elem()
		*n++
		switch f.Kind() {
		case reflect.String:
			f.SetString(fmt.Sprint("ก", *n))
		case reflect.Int, reflect.Int64:
			f.SetInt(*n % 4)
			if f.Type().Kind() == reflect.Int64 {
				f.SetInt(-*n)
			}
		case reflect.Struct:
			fill(f, n)
		case reflect.Slice:
			f.Set(reflect.ValueOf([]string{fmt.Sprint("x", *n)}))
		default:
			panic("a field of a kind that the journal does not know: " + f.Type().String())
		}
	}
}

func TestTheJournalKeepsAllOfAHit(t *testing.T) {
	var batch []*pending
	n := int64(0)
	for range 3 {
		p := &pending{}
		fill(reflect.ValueOf(&p.cleaned).Elem(), &n)
		batch = append(batch, p)
	}
	batch[1].scope = batch[0].scope
	body, err := encode(batch)
	if err != nil {
		t.Fatal(err)
	}
	got, err := decode(body)
	if err != nil {
		t.Fatal(err)
	}
	for i := range batch {
		if !reflect.DeepEqual(got[i].cleaned, batch[i].cleaned) {
			t.Errorf("hit %d: %+v, not %+v", i, got[i].cleaned, batch[i].cleaned)
		}
	}
	for cut := range body {
		_, _ = decode(body[:cut]) // no panic
	}
}

func TestPackedTotalsAreWhatWasAdded(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		const part = 7
		want, body := map[int64]sums{}, []byte(nil)
		small := rapid.Int64Range(-3, 3)
		for range rapid.IntRange(1, 6).Draw(r, "batches") {
			fresh := map[int64]sums{}
			for range rapid.IntRange(0, 20).Draw(r, "cells") {
				fresh[part<<partBits+rapid.Int64Range(0, 1<<partBits-1).Draw(r, "term")] = sums{small.Draw(r, "n"), small.Draw(r, "visitors"), small.Draw(r, "visits"), small.Draw(r, "bounces"), small.Draw(r, "exits"), rapid.Int64().Draw(r, "total") >> 8}
			}
			var list []packed
			for term, x := range fresh {
				list = append(list, packed{term, x})
				sum := want[term]
				sum.add(x)
				want[term] = sum
			}
			var err error
			if body, err = merged(part, body, list); err != nil {
				r.Fatal(err)
			}
		}
		got := map[int64]sums{}
		if err := unpack(part, body, func(term int64, x *sums) { got[term] = *x }); err != nil {
			r.Fatal(err)
		}
		for term, x := range want {
			if x == (sums{}) {
				delete(want, term)
			}
		}
		if !reflect.DeepEqual(got, want) {
			r.Errorf("%v, not %v", got, want)
		}
		for cut := range body {
			_ = unpack(part, body[:cut], func(int64, *sums) {})
			_, _ = merged(part, body[:cut], []packed{{part<<partBits + 3, sums{n: 1}}})
		}
	})
}

func TestAStateIsWhatWasPacked(t *testing.T) {
	want := &state{day: 20000, lastAt: 20000*dayLength - bangkok + 12345678, views: 3, entry: 7, page: 9, source: 4}
	want.sees(9)
	got, err := unpackState(want.day, want.pack())
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v %v", got, err)
	}
}
