package internal_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// floors, lowest first: imports point down. A package is found by the longest prefix.
var floors = []struct {
	name     string
	packages []string
}{
	{"base", []string{"clock", "errs", "i18n", "thai", "config", "durable"}},
	{"store", []string{"db"}},
	{"ground", []string{"jobs", "blob", "search", "vault", "audit", "egress", "limits", "doc", "idempotency", "geo"}},
	{"record", []string{"ropa", "policy", "processing", "register"}},
	{"body", []string{"org", "sites", "accounts"}},
	{"work", []string{"mail", "notices", "cases", "letters", "saraban", "referral", "inbox", "consent", "analytics", "library", "identity"}},
	{"over everything", []string{"rights", "breach", "retention", "backup", "truth", "inspection", "evidence", "review", "crawl"}},
	{"face", []string{"web", "mail/sink"}},
	{"scenario", []string{"scenario"}},
	{"app", []string{"app"}},
}

// neighbours are the imports on one floor that are meant, each with its reason.
var neighbours = map[string]string{
	"ropa/form -> ropa":                   "forms are read into, and written from, the record's type",
	"ropa/edit -> ropa":                   "fields of the record's type",
	"ropa/ropatest -> ropa":               "records for tests",
	"ropa/lint -> ropa":                   "rules over the record's type",
	"ropa/ropacmd -> ropa":                "commands over the record",
	"ropa/ropacmd -> register":            "plan and apply need the register",
	"ropa/ropacmd -> policy":              "apply names approvers",
	"ropa/ropacmd -> ropa/lint":           "the lint command",
	"ropa/ropacmd -> ropa/form":           "the plan of a form that people filled in",
	"ropa/form/formcmd -> ropa":           "commands over forms",
	"ropa/form/formcmd -> ropa/form":      "commands over forms",
	"ropa/form/formcmd -> register":       "export by the code of an activity",
	"policy -> ropa":                      "the record is compiled into the policy",
	"processing -> policy":                "every act is decided by the record",
	"register -> policy":                  "the register holds compiled snapshots",
	"register -> ropa":                    "the register stores the record's canonical form",
	"accounts/accountcmd -> accounts":     "commands over accounts",
	"accounts/accountcmd -> org":          "commands name agencies",
	"accounts/accountcmd -> sites":        "commands over sites",
	"accounts -> org":                     "who an account acts as is resolved by orders",
	"sites -> org":                        "a site speaks for an agency",
	"cases -> mail":                       "acknowledgements and answers",
	"identity -> mail":                    "a code to the address on file",
	"identity/provider -> identity":       "what a provider has said of a person",
	"letters -> mail":                     "the letter by e-mail",
	"saraban -> letters":                  "what is exchanged is letters",
	"saraban -> mail":                     "the channel of the central mailbox",
	"referral -> cases":                   "ties cases and letters",
	"referral -> letters":                 "ties cases and letters",
	"referral -> saraban":                 "the referral follows its letter",
	"inbox -> mail":                       "answers are threaded to what was sent",
	"inbox -> cases":                      "a citizen's reply is written on his case",
	"inbox -> referral":                   "an agency's answer is brought to its referral",
	"inbox -> saraban":                    "what comes by mail may be a letter",
	"inbox -> letters":                    "what comes by mail may be a letter",
	"inbox -> saraban/ecms":               "what comes by mail for machines is written as nodes write it",
	"analytics -> consent":                "the level of collection follows the visitor's choice",
	"analytics/ga/gatest -> analytics/ga": "the stand-in answers in the client's types",
	"analytics -> mail":                   "reports on a schedule",
	"i18n -> errs":                        "messages of errors",
	"config -> errs":                      "settings that cannot be",
	"vault -> audit":                      "what was shredded is audited",
	"idempotency -> vault":                "answers are kept sealed",
	"doc/docx -> doc":                     "shared pieces of typesetting",
	"rights -> retention/few":             "when few matters are due",
	"breach -> retention/few":             "when few matters are due",
	"retention -> backup":                 "what is destroyed is destroyed in copies",
	"rights -> retention":                 "an erasure is the end of life asked for by a person",
	"truth -> backup":                     "a probe looks at the age of backups and drills",
	"truth -> retention":                  "a probe looks at what is overdue",
	"truth -> breach":                     "a probe looks at drills",
	"truth -> rights":                     "a probe looks at requests",
}

const module = "prasan/internal/"

// imports reads every package of internal and what it imports, without its tests.
func imports(t *testing.T) map[string]map[string]bool {
	t.Helper()
	out := map[string]map[string]bool{}
	walk(t, ".", func(path string) {
		if strings.HasSuffix(path, "_test.go") {
			return
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		pkg := filepath.ToSlash(filepath.Dir(path))
		if out[pkg] == nil {
			out[pkg] = map[string]bool{}
		}
		for _, i := range file.Imports {
			name, err := strconv.Unquote(i.Path.Value)
			if err != nil {
				t.Fatal(err)
			}
			out[pkg][name] = true
		}
	})
	return out
}

func walk(t *testing.T, root string, each func(path string)) {
	t.Helper()
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && strings.HasSuffix(path, ".go") {
			each(path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// helpers serve tests and pins only, and stand on no floor.
var helpers = []string{"webtest", "housetest", "db/dbtest", "."}

func floorOf(pkg string) int {
	best, length := -1, -1
	for i, f := range floors {
		for _, p := range f.packages {
			if (pkg == p || strings.HasPrefix(pkg, p+"/")) && len(p) > length {
				best, length = i, len(p)
			}
		}
	}
	return best
}

func TestImportsPointDown(t *testing.T) {
	for pkg, list := range imports(t) {
		if slices.Contains(helpers, pkg) {
			continue
		}
		floor := floorOf(pkg)
		if floor < 0 {
			t.Errorf("%s stands on no floor: give it one in the table", pkg)
			continue
		}
		for name := range list {
			target, ours := strings.CutPrefix(name, module)
			if !ours {
				continue
			}
			below := floorOf(target)
			switch {
			case below < 0:
				t.Errorf("%s imports %s, which is for tests", pkg, target)
			case below > floor:
				t.Errorf("%s (%s) imports %s, which stands above it (%s)", pkg, floors[floor].name, target, floors[below].name)
			case below == floor && !mayImport(pkg, target):
				t.Errorf("%s imports its neighbour %s: say why in the table, or find another way", pkg, target)
			}
		}
	}
}

// mayImport: the lowest floor is free inside, a folder may use its own parts, faces
// share kit and assets, and the rest is in the table.
func mayImport(pkg, target string) bool {
	if floorOf(pkg) == 0 || strings.HasPrefix(target, pkg+"/") || strings.HasPrefix(pkg, "web/") {
		return true
	}
	return neighbours[pkg+" -> "+target] != ""
}

func TestOnlyDBKnowsTheEngines(t *testing.T) {
	for pkg, list := range imports(t) {
		for name := range list {
			if (strings.HasPrefix(name, "modernc.org/sqlite") || strings.HasPrefix(name, "github.com/jackc/pgx")) && pkg != "db" {
				t.Errorf("%s imports the driver %s", pkg, name)
			}
		}
	}
}

// transports may speak HTTP below the face: they are the ways out and in.
var transports = []string{"egress", "backup/place", "mail/sink", "saraban/ecms", "analytics/ga", "identity/provider", "app"}

func TestTheWorkKnowsNoHTTP(t *testing.T) {
	top := floorOf("web")
	for pkg, list := range imports(t) {
		if list["net/http"] && floorOf(pkg) < top && !slices.ContainsFunc(transports, func(p string) bool { return pkg == p || strings.HasPrefix(pkg, p+"/") }) && !slices.Contains(helpers, pkg) {
			t.Errorf("%s imports net/http", pkg)
		}
	}
}

func TestOnlyAppSeesEverything(t *testing.T) {
	for pkg, list := range imports(t) {
		if pkg != "app" && list[module+"app"] {
			t.Errorf("%s imports app", pkg)
		}
		if strings.HasPrefix(pkg, "web/") && list["database/sql"] {
			t.Errorf("%s imports database/sql: a face holds no SQL", pkg)
		}
	}
}

var statement = regexp.MustCompile(`^\s*(SELECT|INSERT|UPDATE|DELETE|WITH)\s`)

func TestFacesHoldNoSQL(t *testing.T) {
	walk(t, "web", func(path string) {
		if strings.HasSuffix(path, "_test.go") {
			return
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
				if text, err := strconv.Unquote(lit.Value); err == nil && statement.MatchString(text) {
					t.Errorf("%s holds SQL: %.40s", path, text)
				}
			}
			return true
		})
	})
}

// Nothing in the tree may speak of the machine it was made on.
func TestTheTreeSpeaksOfTheProjectAlone(t *testing.T) {
	home, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	root := filepath.Dir(home)
	err = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (strings.HasPrefix(d.Name(), ".") && d.Name() != ".ci" && path != root || slices.Contains([]string{"node_modules", "shots", "third_party", "bin", "data"}, d.Name())) {
			return fs.SkipDir
		}
		if d.IsDir() || !slices.Contains([]string{".go", ".md", ".yaml", ".html", ".css", ".js", ".sh", ".sql", ".txt", ".json"}, filepath.Ext(path)) {
			return nil
		}
		text, err := os.ReadFile(path)
		if err == nil && strings.Contains(string(text), root+string(filepath.Separator)) && len(root) > 3 {
			t.Errorf("%s names a path of this machine", path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

var table = regexp.MustCompile(`CREATE TABLE (\w+)`)

// A table that the architecture does not name is one of which nobody says what it is for.
func TestEveryTableIsDocumented(t *testing.T) {
	text, err := os.ReadFile("../docs/architecture.md")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, pattern := range []string{"db/migrations/*.sql", "vault/keyring/*.sql", "analytics/journal/*.sql"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			sql, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range table.FindAllStringSubmatch(string(sql), -1) {
				found++
				if !strings.Contains(string(text), "`"+m[1]+"`") {
					t.Errorf("%s of %s is not in docs/architecture.md", m[1], f)
				}
			}
		}
	}
	if found < 80 {
		t.Errorf("only %d tables were found", found)
	}
}
