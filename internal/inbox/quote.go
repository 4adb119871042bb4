package inbox

import (
	"regexp"
	"strings"
)

var (
	original    = regexp.MustCompile(`(?i)^\s*-{2,}\s*(original message|forwarded message|ข้อความเดิม|ข้อความต้นฉบับ)\s*-{2,}\s*$`)
	fromLine    = regexp.MustCompile(`(?i)^\s*\*?(from|จาก)\s*:\*?\s`)
	sentLine    = regexp.MustCompile(`(?i)^\s*\*?(sent|date|ส่ง|ส่งเมื่อ|วันที่)\s*:\*?\s`)
	attribution = regexp.MustCompile(`(?i)(wrote|เขียนว่า|เขียน)\s*:\s*$`)
)

// Fresh is what a person wrote, without what his program quotes under it. Where nothing
// would be left, or where it cannot be told apart, all of it stays.
func Fresh(text string) string {
	lines := strings.Split(text, "\n")
	for i, l := range lines {
		if original.MatchString(l) || fromLine.MatchString(l) && sentSoon(lines[i+1:]) {
			lines = lines[:i]
			break
		}
	}
	end := len(lines)
	quoted := false
	for end > 0 {
		l := strings.TrimSpace(lines[end-1])
		if strings.HasPrefix(l, ">") {
			quoted = true
		} else if l != "" {
			break
		}
		end--
	}
	if quoted && end > 0 {
		lines = lines[:withoutAttribution(lines[:end])]
	}
	fresh := strings.TrimSpace(strings.Join(lines, "\n"))
	if fresh == "" {
		return strings.TrimSpace(text)
	}
	return fresh
}

func sentSoon(lines []string) bool {
	for _, l := range lines[:min(len(lines), 4)] {
		if sentLine.MatchString(l) {
			return true
		}
	}
	return false
}

// withoutAttribution is where the text ends before "on such a day he wrote:", which some
// programs break over two lines.
func withoutAttribution(lines []string) int {
	n := len(lines)
	for back := 1; back <= min(2, n); back++ {
		if attribution.MatchString(strings.Join(lines[n-back:], " ")) && strings.TrimSpace(lines[n-back]) != "" {
			if back == 1 && n > 1 && continues(lines[n-2]) {
				continue
			}
			return n - back
		}
	}
	return n
}

// continues tells whether a line is the first half of an attribution.
func continues(line string) bool {
	l := strings.ToLower(strings.TrimSpace(line))
	return strings.HasPrefix(l, "on ") || strings.HasPrefix(l, "เมื่อ ") || strings.HasPrefix(l, "ในวันที่ ")
}
