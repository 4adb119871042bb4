package exchange

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"net/smtp"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// owner is the user and group of the mailboxes.
const owner = 5000

// mailServers are Postfix and Dovecot as a small office has them, under a folder of their
// own, on ports of the kernel's choice, as no services of the machine.
type mailServers struct {
	dir, smtp, imaps, ca string
}

// Mailboxes of the servers. Who has none here is unknown, and mail to him comes back.
const (
	opsBox     = "saraban@ops.industry.localhost"
	diwBox     = "saraban@diw.industry.localhost"
	citizenBox = "manee@example.com"
	password   = "of-this-test-only"
)

func startMail(t *testing.T) *mailServers {
	t.Helper()
	for _, program := range []string{"postfix", "dovecot"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skip(program + " is not installed: make setup installs postfix and dovecot-imapd")
		}
	}
	if os.Getuid() != 0 {
		t.Skip("Postfix and Dovecot are started by root only; the rest of the exchange is tested in internal/saraban and internal/inbox")
	}
	m := &mailServers{dir: folder(t), smtp: freeAddr(t), imaps: freeAddr(t)}
	m.ca = m.certificate(t)
	mails := filepath.Join(m.dir, "mails")
	must(t, os.MkdirAll(mails, 0o755))
	must(t, os.Chown(mails, owner, owner))
	m.postfix(t)
	m.dovecot(t)
	return m
}

// folder is one that the servers' own users can enter.
func folder(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "prasan-mail-")
	must(t, err)
	must(t, os.Chmod(dir, 0o755))
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func freeAddr(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer l.Close()
	return l.Addr().String()
}

func portOf(addr string) string {
	_, port, _ := net.SplitHostPort(addr)
	return port
}

// start runs a server until the test ends, and waits until it answers.
func (m *mailServers) start(t *testing.T, addr, name string, args ...string) {
	t.Helper()
	log, err := os.Create(filepath.Join(m.dir, name+".out"))
	must(t, err)
	cmd := exec.Command(name, args...)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
	must(t, cmd.Start())
	t.Cleanup(func() {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM)
		done := make(chan struct{})
		go func() { _ = cmd.Wait(); close(done) }()
		select {
		case <-done:
		case <-time.After(10 * time.Second):
			_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		}
		if t.Failed() {
			for _, f := range []string{name + ".out", name + ".log"} {
				text, _ := os.ReadFile(filepath.Join(m.dir, f))
				t.Logf("%s:\n%s", f, text[max(0, len(text)-4000):])
			}
		}
	})
	for range 200 {
		if c, err := net.Dial("tcp", addr); err == nil {
			c.Close()
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	text, _ := os.ReadFile(log.Name())
	t.Fatalf("%s does not start:\n%s", name, text)
}

func (m *mailServers) write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(m.dir, name)
	must(t, os.MkdirAll(filepath.Dir(path), 0o755))
	must(t, os.WriteFile(path, []byte(text), 0o644))
	return path
}

func (m *mailServers) postfix(t *testing.T) {
	t.Helper()
	for _, d := range []string{"queue", "postfix-data"} {
		must(t, os.MkdirAll(filepath.Join(m.dir, d), 0o755))
	}
	must(t, exec.Command("chown", "postfix", filepath.Join(m.dir, "postfix-data")).Run())
	boxes := ""
	for _, b := range []string{opsBox, diwBox, citizenBox} {
		boxes += b + " " + b + "/\n"
	}
	// What the scenario has on its way to other departments is taken, and read by nobody.
	for _, other := range []string{"dpim", "diprom", "ocsb", "oie"} {
		boxes += "@" + other + ".industry.localhost others/\n"
	}
	m.write(t, "postfix/boxes", boxes)
	m.write(t, "postfix/aliases", "bounce@ops.industry.localhost "+opsBox+"\nbounce@diw.industry.localhost "+diwBox+"\n")
	m.write(t, "postfix/main.cf", strings.ReplaceAll(`compatibility_level = 3.6
queue_directory = DIR/queue
data_directory = DIR/postfix-data
maillog_file = DIR/postfix.log
maillog_file_prefixes = DIR
myhostname = mx.localhost
mydestination =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
recipient_delimiter = +
default_transport = error:there is no way out of this test
relay_transport = error:there is no way out of this test
alias_maps =
alias_database =
virtual_mailbox_domains = ops.industry.localhost, diw.industry.localhost, tisi.industry.localhost, dpim.industry.localhost, diprom.industry.localhost, ocsb.industry.localhost, oie.industry.localhost, example.com
virtual_mailbox_limit = 0
virtual_mailbox_base = DIR/mails
virtual_mailbox_maps = texthash:DIR/postfix/boxes
virtual_alias_maps = texthash:DIR/postfix/aliases
virtual_uid_maps = static:5000
virtual_gid_maps = static:5000
smtpd_reject_unlisted_recipient = no
smtpd_peername_lookup = no
message_size_limit = 52428800
`, "DIR", m.dir))
	m.write(t, "postfix/master.cf", "127.0.0.1:"+portOf(m.smtp)+` inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
local unix - n n - - local
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
`)
	conf := filepath.Join(m.dir, "postfix")
	m.start(t, m.smtp, "postfix", "-c", conf, "start-fg")
	// Its master leaves the group of who starts it, and is told to stop by its own command.
	t.Cleanup(func() { _ = exec.Command("postfix", "-c", conf, "stop").Run() })
}

func (m *mailServers) dovecot(t *testing.T) {
	t.Helper()
	users := ""
	for _, b := range []string{opsBox, diwBox, citizenBox} {
		users += b + ":{PLAIN}" + password + "::::::\n"
	}
	m.write(t, "dovecot/users", users)
	conf := m.write(t, "dovecot/dovecot.conf", strings.NewReplacer("DIR", m.dir, "PORT", portOf(m.imaps)).Replace(`base_dir = DIR/dovecot/run
state_dir = DIR/dovecot/run
log_path = DIR/dovecot.log
protocols = imap
listen = 127.0.0.1
ssl = required
ssl_cert = <DIR/server.pem
ssl_key = <DIR/server.key
mail_location = maildir:DIR/mails/%u
passdb {
  driver = passwd-file
  args = DIR/dovecot/users
}
userdb {
  driver = static
  args = uid=5000 gid=5000 home=DIR/mails/%u
}
service imap-login {
  inet_listener imap {
    port = 0
  }
  inet_listener imaps {
    port = PORT
    ssl = yes
  }
}
service stats {
  unix_listener stats-writer {
    mode = 0666
  }
}
`))
	m.start(t, m.imaps, "dovecot", "-F", "-c", conf)
}

// certificate makes the server's own; it is its own authority.
func (m *mailServers) certificate(t *testing.T) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	c := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "127.0.0.1"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign}
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	must(t, err)
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	must(t, err)
	m.write(t, "server.key", string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret})))
	return m.write(t, "server.pem", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})))
}

// send has somebody's mail program hand over a mail.
func (m *mailServers) send(t *testing.T, from, to, text string) {
	t.Helper()
	if err := smtp.SendMail(m.smtp, nil, from, []string{to}, []byte(text)); err != nil {
		t.Fatalf("mail from %s to %s: %v", from, to, err)
	}
}

// in are the mails in a mailbox, newest last, as they lie on the disk.
func (m *mailServers) in(box string) []string {
	paths, _ := filepath.Glob(filepath.Join(m.dir, "mails", box, "*", "*"))
	paths = slices.DeleteFunc(paths, func(p string) bool {
		folder := filepath.Base(filepath.Dir(p))
		return folder != "new" && folder != "cur"
	})
	slices.SortFunc(paths, func(a, b string) int { return strings.Compare(filepath.Base(a), filepath.Base(b)) })
	var out []string
	for _, p := range paths {
		if text, err := os.ReadFile(p); err == nil {
			out = append(out, string(text))
		}
	}
	return out
}

// empty begins anew with a mailbox.
func (m *mailServers) empty(t *testing.T) {
	t.Helper()
	boxes, err := filepath.Glob(filepath.Join(m.dir, "mails", "*"))
	must(t, err)
	for _, b := range boxes {
		must(t, os.RemoveAll(b))
	}
}

// write is a mail of a person.
func personal(from, to, subject, text string, lines ...string) string {
	head := append([]string{"From: " + from, "To: " + to, "Subject: " + subject, fmt.Sprintf("Message-ID: <%d@example.com>", time.Now().UnixNano()), "Date: " + time.Now().Format(time.RFC1123Z), "MIME-Version: 1.0", "Content-Type: text/plain; charset=utf-8"}, lines...)
	return strings.Join(append(head, "", text, ""), "\r\n")
}
