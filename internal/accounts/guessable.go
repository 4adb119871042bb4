package accounts

import (
	"strings"
	"unicode"
)

// stems are what people begin a bad password with. Together with the rules below they
// cover far more than a list of the worst ones would: "P@ssw0rd2026!!", "rayong123456".
var stems = strings.Fields(`
password passw0rd passwort passphrase mypassword letmein welcome welcomeback iloveyou iloveu trustno changeme changethis
secret default temp temporary test testing tester guest user username admin administrator root superuser sysadmin
login signin access master system server computer internet windows microsoft google facebook line apple samsung
dragon monkey football baseball basketball sunshine princess superman batman pokemon starwars liverpool manchester chelsea arsenal
hello helloworld whatever freedom shadow michael jennifer jordan ashley charlie thomas daniel jessica nicole andrew
qwerty qwertyuiop asdfgh asdfghjkl zxcvbn zxcvbnm qazwsx qazwsxedc wsxedc asdf qwer zxcv abcdef abcdefgh abcdefghijkl abc
prasan industry ministry moi moigo ops office government thailand thai bangkok siam krungthep officer registrar auditor
sawasdee sawatdee sabaidee khorbkhun rakthai chaiyo meesuk porjai sanuk farang somtam moomoo namtan narak rakna
january february march april june july august september october november december monday tuesday wednesday thursday friday saturday sunday
spring summer autumn winter season love money lucky baby angel flower orange banana mango coffee chocolate cookie
chiangmai chiangrai phuket rayong chonburi khonkaen korat nakhonratchasima ayutthaya nonthaburi samutprakan songkhla hatyai udonthani
รหัสผ่าน สวัสดี กระทรวง อุตสาหกรรม สำนักงาน ประเทศไทย กรุงเทพ ประสาน เจ้าหน้าที่ ผู้ดูแล ทดสอบ ขอบคุณ ความลับ`)

// leet undoes the usual disguises.
var leet = strings.NewReplacer("0", "o", "1", "i", "3", "e", "4", "a", "5", "s", "7", "t", "@", "a", "$", "s", "!", "i")

// runs are rows that fingers walk along.
var runs = []string{"abcdefghijklmnopqrstuvwxyz", "qwertyuiop", "asdfghjkl", "zxcvbnm", "01234567890123456789", "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p", "qazwsxedcrfvtgbyhnujmikolp"}

// guessable tells whether a password is one of those that are tried first: something
// known of the person or the place, a stem, a row of keys or a repetition, whatever
// digits and signs are put around it.
func guessable(password string, about ...string) bool {
	p := strings.ToLower(password)
	if repeats(p) || walks(p) {
		return true
	}
	for _, form := range []string{keepLetters(p), keepLetters(leet.Replace(p)), keepLetters(leet.Replace(strings.TrimFunc(p, notLetter)))} {
		if onlyStems(form, about) {
			return true
		}
	}
	return false
}

func notLetter(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsMark(r) }

func keepLetters(s string) string {
	return strings.Map(func(r rune) rune {
		if notLetter(r) {
			return -1
		}
		return r
	}, s)
}

// onlyStems: what is left after taking out everything known is too short to matter.
func onlyStems(s string, about []string) bool {
	for _, a := range about {
		for _, word := range strings.FieldsFunc(strings.ToLower(a), notLetter) {
			if len([]rune(word)) >= 4 {
				s = strings.ReplaceAll(s, word, " ")
			}
		}
	}
	for _, stem := range stems {
		if len([]rune(stem)) >= 4 || s == stem {
			s = strings.ReplaceAll(s, stem, " ")
		}
	}
	return len([]rune(strings.ReplaceAll(s, " ", ""))) <= 3
}

// repeats: one short piece again and again, or hardly any different characters.
func repeats(s string) bool {
	r := []rune(s)
	seen := map[rune]bool{}
	for _, c := range r {
		seen[c] = true
	}
	if len(seen) < 5 {
		return true
	}
	for n := 1; n <= len(r)/2; n++ {
		if piece := string(r[:n]); strings.HasPrefix(strings.Repeat(piece, len(r)/n+1), s) && n <= 6 {
			return true
		}
	}
	return false
}

// walks: most of the password is steps along a row of keys, forward or back.
func walks(s string) bool {
	steps := 0
	r := []rune(s)
	for i := 0; i+1 < len(r); i++ {
		pair, back := string(r[i:i+2]), string([]rune{r[i+1], r[i]})
		for _, run := range runs {
			if strings.Contains(run, pair) || strings.Contains(run, back) {
				steps++
				break
			}
		}
	}
	return steps*4 >= (len(r)-1)*3
}
