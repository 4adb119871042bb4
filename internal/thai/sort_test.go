package thai

import (
	"slices"
	"strings"
	"testing"
)

func TestNamesStandAsInTheDictionary(t *testing.T) {
	want := []string{"Ayutthaya", "กระบี่", "กาญจนบุรี", "กาฬสินธุ์", "ขอนแก่น", "ชลบุรี", "ชัยนาท", "เชียงราย", "เชียงใหม่", "เพชรบุรี", "เพชรบูรณ์", "แพร่", "ภูเก็ต", "แม่ฮ่องสอน", "เลย", "อำนาจเจริญ", "อุทัยธานี"}
	got := slices.Clone(want)
	slices.Reverse(got)
	slices.SortFunc(got, func(a, b string) int { return strings.Compare(SortKey(a), SortKey(b)) })
	if !slices.Equal(got, want) {
		t.Errorf("got %v", got)
	}
}
