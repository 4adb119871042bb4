package config

import (
	"os"
	"path/filepath"
	"testing"

	"prasan/internal/errs"
)

func TestLimitsAreOffOnLoopbackOnly(t *testing.T) {
	for listen, ok := range map[string]bool{"127.0.0.1:8080": true, "[::1]:8080": true, "localhost:80": true, "0.0.0.0:8080": false, ":8080": false, "192.0.2.1:80": false, "nonsense": false} {
		c := Server{Listen: listen, RateLimits: "off"}
		if err := c.Resolve(); (err == nil) != ok {
			t.Errorf("%s: %v", listen, err)
		}
	}
}

func TestASecretFileFillsWhatIsNotSet(t *testing.T) {
	path := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(path, []byte("open sesame\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PRASAN_MAIL_PASSWORD_FILE", path)
	c := Server{Listen: "127.0.0.1:0"}
	if err := c.Resolve(); err != nil || c.Mail.Password != "open sesame" {
		t.Errorf("%q %v", c.Mail.Password, err)
	}
	set := Server{Listen: "127.0.0.1:0", Mail: Mail{Password: "given"}}
	if err := set.Resolve(); err != nil || set.Mail.Password != "given" {
		t.Errorf("%q %v", set.Mail.Password, err)
	}
	t.Setenv("PRASAN_MAIL_PASSWORD_FILE", path+".none")
	if err := (&Server{Listen: "127.0.0.1:0"}).Resolve(); errs.As(err).Key != "error.secret-file" {
		t.Errorf("%v", err)
	}
}

func TestAddressesOfSites(t *testing.T) {
	for _, x := range []struct{ listen, public, want string }{
		{"127.0.0.1:8080", "", "http://rayong.example:8080"},
		{"127.0.0.1:80", "", "http://rayong.example"},
		{"127.0.0.1:8080", "https://*", "https://rayong.example"},
		{"127.0.0.1:8080", "https://*:8443", "https://rayong.example:8443"},
	} {
		c := Server{Listen: x.listen, PublicURL: x.public}
		if got := c.SiteURL("rayong.example"); got != x.want {
			t.Errorf("%+v: %s", x, got)
		}
	}
}

func TestWhatFollowsFromTheDataFolder(t *testing.T) {
	s := Store{Data: "d"}
	if err := s.Resolve(); err != nil || s.Database != "sqlite:d/prasan.db" || s.Keyring != "sqlite:d/keyring.db" || s.MasterKeyFile != "d/master.key" || s.KeyringSchema() != "" {
		t.Errorf("%+v %v", s, err)
	}
	s = Store{Data: "d", Database: "postgres://x/y"}
	if err := s.Resolve(); err != nil || s.Keyring != s.Database || s.KeyringSchema() != "keyring" {
		t.Errorf("%+v %v", s, err)
	}
}
