// Package config has every setting of the program in one struct: each field is a flag,
// an environment variable and a line of docs/config.md, which is printed from it.
package config

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"time"

	"prasan/internal/errs"
)

// Store says where the data is.
type Store struct {
	Data          string `help:"Folder of everything the program keeps." default:"data" env:"PRASAN_DATA" placeholder:"DIR"`
	Database      string `help:"Database: sqlite:PATH or postgres://... Default: sqlite:DATA/prasan.db." env:"PRASAN_DATABASE" placeholder:"URL" secret:""`
	Keyring       string `help:"Keyring, a store of its own, backed up apart. Default: sqlite:DATA/keyring.db, or the schema 'keyring' of the PostgreSQL database." env:"PRASAN_KEYRING" placeholder:"URL" secret:""`
	MasterKeyFile string `help:"File with the master key, 64 hexadecimal digits. Default: DATA/master.key." env:"PRASAN_MASTER_KEY_FILE" placeholder:"FILE"`
	Node          string `help:"Name of this node; unique among the nodes of one database." default:"node1" env:"PRASAN_NODE" placeholder:"NAME"`
}

// Server is what demo and serve take.
type Server struct {
	Store
	Listen       string   `help:"Address to serve on." default:"127.0.0.1:8080" env:"PRASAN_LISTEN" placeholder:"ADDR"`
	AdminListen  string   `help:"Address of /metrics and /debug/pprof." default:"127.0.0.1:9090" env:"PRASAN_ADMIN_LISTEN" placeholder:"ADDR"`
	TrustedProxy []string `help:"Proxy whose X-Forwarded-For and X-Forwarded-Proto are believed; repeatable." env:"PRASAN_TRUSTED_PROXY" placeholder:"CIDR"`
	Record       string   `help:"Folder with register files to begin with (YAML); used while the register is empty." env:"PRASAN_RECORD" placeholder:"DIR"`
	RateLimits   string   `help:"Limits by address and minimum form times; off only on a loopback address." enum:"on,off" default:"on" env:"PRASAN_RATE_LIMITS"`
	BaseDomain   string   `help:"Domain under which the sites, the office and the files host lie." default:"industry.localhost" env:"PRASAN_BASE_DOMAIN" placeholder:"DOMAIN"`
	PublicURL    string   `help:"Scheme and port as visitors see them, for links in mails: https://*, or http://*:8080. Default: from --listen." env:"PRASAN_PUBLIC_URL" placeholder:"URL"`

	GeoDatabase string `help:"Database of places (MMDB, of the form of GeoLite2 City) by which visits are counted by province and country, where the record permits it. Addresses are looked up in memory and not kept." name:"geo-database" env:"PRASAN_GEO_DATABASE" placeholder:"FILE"`

	DPO   DPO   `embed:"" prefix:"dpo-" envprefix:"PRASAN_DPO_"`
	Mail  Mail  `embed:"" prefix:"mail-" envprefix:"PRASAN_MAIL_"`
	IMAP  IMAP  `embed:"" prefix:"imap-" envprefix:"PRASAN_IMAP_"`
	ECMS  ECMS  `embed:"" prefix:"ecms-" envprefix:"PRASAN_ECMS_"`
	GA    GA    `embed:"" prefix:"ga-" envprefix:"PRASAN_GA_"`
	OIDC  OIDC  `embed:"" prefix:"oidc-" envprefix:"PRASAN_OIDC_"`
	SMS   SMS   `embed:"" prefix:"sms-" envprefix:"PRASAN_SMS_"`
	Terms Terms `embed:"" prefix:"" envprefix:"PRASAN_"`

	Backup Backup `embed:"" prefix:"backup-" envprefix:"PRASAN_BACKUP_"`
}

// GA is the bridge to Google Analytics. It stays closed, whatever is set here, until the
// record lists Google as a recipient abroad, and then it is open for those who consented.
type GA struct {
	MeasurementID string `help:"Measurement id of the stream of sites that have none of their own." name:"measurement-id" env:"MEASUREMENT_ID" placeholder:"G-..."`
	Secret        string `help:"API secret of the Measurement Protocol for them." env:"SECRET" placeholder:"SECRET" secret:""`
	URL           string `help:"Address of the Measurement Protocol." default:"https://www.google-analytics.com/mp/collect" name:"url" env:"URL" placeholder:"URL"`
	Endpoint      string `help:"One address at which all interfaces of Google Analytics are, its script among them, instead of Google's own: a gateway." name:"endpoint" env:"ENDPOINT" placeholder:"URL"`
	AllowPrivate  string `help:"Private network in which that address may be." env:"ALLOW_PRIVATE" placeholder:"CIDR"`
}

// ECMS is the exchange of official letters with other systems (e-CMS version 2).
type ECMS struct {
	Node         []string      `help:"e-CMS node of an organisation, ORG=URL; ORG is its id in the directory. Repeatable." env:"NODE" placeholder:"ORG=URL"`
	Token        []string      `help:"Bearer token towards an organisation's node, ORG=TOKEN. Repeatable." env:"TOKEN" placeholder:"ORG=TOKEN" secret:""`
	Cert         []string      `help:"Client certificate that an organisation shows to its node, ORG=FILE (PEM, with its chain); read anew for each connection. Repeatable." env:"CERT" placeholder:"ORG=FILE"`
	Key          []string      `help:"Key of that certificate, ORG=FILE (PEM). Repeatable." env:"KEY" placeholder:"ORG=FILE"`
	CA           []string      `help:"Certificates (PEM) by which an organisation's node is recognised, ORG=FILE. Default: those of the system. Repeatable." name:"ca" env:"CA" placeholder:"ORG=FILE"`
	Serve        bool          `help:"Be the e-CMS node of the organisations that have none, at ecms.BASE-DOMAIN/ecms-ws01/service2." env:"SERVE"`
	Poll         time.Duration `help:"How often the nodes are asked for what waits there." default:"1m" env:"POLL"`
	MaxClass     string        `help:"Highest class of secrecy that the own node takes." enum:"none,confidential,secret" default:"none" env:"MAX_CLASS"`
	AllowPrivate string        `help:"Private network in which nodes may be." env:"ALLOW_PRIVATE" placeholder:"CIDR"`
	Sign         bool          `help:"Sign letters that leave through a node with the seal of their agency (XML Signature)." env:"SIGN"`
	Pin          []string      `help:"Certificates of an organisation, ORG=FILE (PEM): its letters must be signed with one of them. Repeatable." env:"PIN" placeholder:"ORG=FILE"`
	Client       []string      `help:"Client certificate by which the own node knows an organisation, ORG=FILE (PEM); from the connection, or from the header Client-Cert (RFC 9440) of a trusted proxy. Repeatable." env:"CLIENT" placeholder:"ORG=FILE"`
	From         []string      `help:"Network from which the own node knows an organisation, ORG=CIDR. Repeatable." env:"FROM" placeholder:"ORG=CIDR"`
	Garuda       string        `help:"Picture of the Garuda (PNG) for letters; a placeholder is printed without it." env:"GARUDA" placeholder:"FILE"`
}

// OIDC is a provider of OpenID Connect with whom people who ask for their data may show
// who they are. Of what he says only verified addresses are used, and nothing is kept.
type OIDC struct {
	Issuer       string   `help:"Issuer of the OpenID Connect provider by whom people show who they are; none is offered without it. It sends people back to BASE-DOMAIN/identity/provider." env:"ISSUER" placeholder:"URL"`
	ClientID     string   `help:"Client id at the provider." name:"client-id" env:"CLIENT_ID" placeholder:"ID"`
	Secret       string   `help:"Client secret at the provider." env:"SECRET" placeholder:"SECRET" secret:""`
	Host         []string `help:"Further host of the provider, HOST:PORT, where its tokens and keys are elsewhere. Repeatable." env:"HOST" placeholder:"HOST:PORT"`
	Name         string   `help:"How people call the provider. Default: its host." env:"NAME" placeholder:"NAME"`
	AllowPrivate string   `help:"Private network in which the provider may be." env:"ALLOW_PRIVATE" placeholder:"CIDR"`
}

// SMS is a gateway for short messages; without it no code goes to telephones.
type SMS struct {
	URL          string `help:"Gateway for short messages: takes JSON {to, text} by POST. One-time codes go to telephones only where it is set." name:"url" env:"URL" placeholder:"URL"`
	Token        string `help:"Bearer token at the gateway." env:"TOKEN" placeholder:"SECRET" secret:""`
	AllowPrivate string `help:"Private network in which the gateway may be." env:"ALLOW_PRIVATE" placeholder:"CIDR"`
}

// DPO is who answers for data protection (PDPA s.23(5), s.41), as notices name him.
type DPO struct {
	Name  string `help:"How notices call the data protection officer. Default: the office's words for it." env:"NAME" placeholder:"NAME"`
	Email string `help:"Address of the data protection officer. Default: dpo@BASE-DOMAIN." env:"EMAIL" placeholder:"ADDRESS"`
	Phone string `help:"Telephone of the data protection officer." env:"PHONE" placeholder:"NUMBER"`
}

// Mail says how e-mail leaves. Without a relay it stays queued, and says so.
type Mail struct {
	Relay        string `help:"SMTP server that takes outgoing mail." env:"RELAY" placeholder:"HOST:PORT"`
	User         string `help:"User name at the relay." env:"USER" placeholder:"NAME"`
	Password     string `help:"Password at the relay." env:"PASSWORD" placeholder:"SECRET" secret:""`
	TLS          string `help:"Transport security towards the relay." name:"tls" enum:"required,offered,none" default:"required" env:"TLS"`
	Domain       string `help:"Domain of senders and of the return path. Default: the base domain." env:"DOMAIN" placeholder:"DOMAIN"`
	DKIMKeyFile  string `help:"Private key (PEM) that signs outgoing mail (RFC 6376)." name:"dkim-key-file" env:"DKIM_KEY_FILE" placeholder:"FILE"`
	DKIMSelector string `help:"Selector of the DKIM key." name:"dkim-selector" default:"prasan" env:"DKIM_SELECTOR" placeholder:"NAME"`
	AllowPrivate string `help:"Private network in which the relay may be." env:"ALLOW_PRIVATE" placeholder:"CIDR"`
}

// IMAP is the mailbox whose mail is taken in. Without a URL none is read, and answers go to
// the agencies' own addresses.
type IMAP struct {
	URL          string   `help:"Mailbox that is read: imaps://HOST[:PORT], or imap://HOST[:PORT] where TLS begins after the greeting (STARTTLS)." name:"url" env:"URL" placeholder:"URL"`
	User         string   `help:"User name at the mailbox." env:"USER" placeholder:"NAME"`
	Password     string   `help:"Password at the mailbox." env:"PASSWORD" placeholder:"SECRET" secret:""`
	PasswordFile string   `help:"File with that password." name:"password-file" env:"PASSWORD_FILE" placeholder:"FILE"`
	Folder       string   `help:"Folder that is read." default:"INBOX" env:"FOLDER" placeholder:"NAME"`
	DoneFolder   string   `help:"Folder into which mail is moved once it is kept. Default: it stays, marked as seen." env:"DONE_FOLDER" placeholder:"NAME"`
	Address      string   `help:"Address of the mailbox, to which answers are asked; what follows a + in it must reach it too. Default: the user name where it is an address, else saraban@MAIL-DOMAIN." env:"ADDRESS" placeholder:"ADDRESS"`
	Agency       string   `help:"Agency that looks after mail which is to no agency's own mailbox." default:"ops" env:"AGENCY" placeholder:"CODE"`
	AuthServ     string   `help:"Id under which the own mail server writes Authentication-Results (RFC 8601); its findings are believed." name:"authserv" env:"AUTHSERV" placeholder:"ID"`
	DKIMKey      []string `help:"DKIM key of a domain, SELECTOR._domainkey.DOMAIN=RECORD, by which its mail is verified here. Repeatable." name:"dkim-key" env:"DKIM_KEY" sep:"none" placeholder:"NAME=RECORD"`
	CAFile       string   `help:"Certificates (PEM) by which the server is recognised. Default: those of the system." name:"ca-file" env:"CA_FILE" placeholder:"FILE"`
	AllowPrivate string   `help:"Private network in which the server may be." env:"ALLOW_PRIVATE" placeholder:"CIDR"`
}

// resolve reads the password and gives the mailbox its address.
func (i *IMAP) resolve(mailDomain string) error {
	if i.URL == "" {
		return nil
	}
	if i.Password == "" && i.PasswordFile != "" {
		text, err := os.ReadFile(i.PasswordFile)
		if err != nil {
			return errs.Wrap(err, errs.Invalid, "error.secret-file", "name", "--imap-password-file", "path", i.PasswordFile)
		}
		i.Password = strings.TrimSpace(string(text))
	}
	if i.Address == "" {
		i.Address = i.User
		if !strings.Contains(i.User, "@") {
			i.Address = "saraban@" + mailDomain
		}
	}
	// With its token an address must keep to the 64 octets of RFC 5321 section 4.5.3.1.1.
	if local, domain, ok := strings.Cut(i.Address, "@"); !ok || local == "" || domain == "" || len(local) > 22 || strings.Contains(local, "+") {
		return errs.New(errs.Invalid, "error.imap-address", "value", i.Address)
	}
	return nil
}

// Terms are numbers of law and practice, each a setting because its source is to be
// verified by the body that runs the program.
type Terms struct {
	ReplyDays    int           `help:"Calendar days until the first answer (Royal Decree on Good Governance B.E. 2546 s.38)." default:"15" env:"REPLY_DAYS"`
	FollowUpDays int           `help:"Days after which an agency is asked whether it still needs what was disclosed to it, or has destroyed it (row 49 of the record)." default:"180" name:"follow-up-days" env:"FOLLOW_UP_DAYS"`
	ReopenDays   int           `help:"Days in which an answer may be reopened by the sender." default:"30" env:"REOPEN_DAYS"`
	AskDays      int           `help:"Days after which the office goes on when a sender who was asked has not answered; 0 waits for ever." default:"30" env:"ASK_DAYS"`
	OfficeHours  string        `help:"Working hours: what comes outside them counts from the next ones (e-Government Act B.E. 2565). Empty: from its receipt." default:"08:30-16:30" env:"OFFICE_HOURS" placeholder:"HH:MM-HH:MM"`
	LinkHours    int           `help:"Hours for which a link in a mail works." default:"72" env:"LINK_HOURS"`
	FormMin      time.Duration `help:"A contact form filled in faster than this is looked at by a person first." default:"4s" env:"FORM_MIN"`
	RightsDays   int           `help:"Days in which requests of people about their data are answered; never more than the law allows (PDPA s.30: 30)." default:"30" env:"RIGHTS_DAYS"`
	BreachHours  int           `help:"Hours from awareness of a breach within which the Office of the PDPC is told (PDPA s.37(4))." default:"72" env:"BREACH_HOURS"`
	SurveyDays   int           `help:"Days after the year's end in which the list of what is to be destroyed is made (Regulation on Correspondence B.E. 2526 clause 66)." default:"60" env:"SURVEY_DAYS"`
	ArchivesDays int           `help:"Days after which no answer of the National Archives is their consent (clause 70)." default:"60" env:"ARCHIVES_DAYS"`
	KeyDays      int           `help:"Days for which copies of the keyring are kept; printed in certificates of destruction." default:"14" env:"KEY_DAYS"`
	PerHour      int           `help:"Messages from one address in an hour before the rest is looked at by a person first." default:"10" env:"PER_HOUR"`
}

// Hours are the working hours as what has passed since midnight; zero for none.
func (t Terms) Hours() (opens, closes time.Duration, err error) {
	if t.OfficeHours == "" {
		return 0, 0, nil
	}
	from, to, _ := strings.Cut(t.OfficeHours, "-")
	for _, x := range []struct {
		text string
		into *time.Duration
	}{{from, &opens}, {to, &closes}} {
		at, err := time.Parse("15:04", x.text)
		if err != nil {
			return 0, 0, errs.New(errs.Invalid, "error.office-hours", "value", t.OfficeHours)
		}
		*x.into = time.Duration(at.Hour())*time.Hour + time.Duration(at.Minute())*time.Minute
	}
	if opens >= closes {
		return 0, 0, errs.New(errs.Invalid, "error.office-hours", "value", t.OfficeHours)
	}
	return opens, closes, nil
}

// Resolve fills what follows from other settings, reads NAME_FILE secrets and refuses
// what cannot be.
func (c *Server) Resolve() error {
	if err := c.Store.Resolve(); err != nil {
		return err
	}
	if err := readSecretFiles(reflect.ValueOf(&c.Mail).Elem(), "PRASAN_MAIL_"); err != nil {
		return err
	}
	if err := readSecretFiles(reflect.ValueOf(&c.GA).Elem(), "PRASAN_GA_"); err != nil {
		return err
	}
	if err := readSecretFiles(reflect.ValueOf(&c.OIDC).Elem(), "PRASAN_OIDC_"); err != nil {
		return err
	}
	if err := readSecretFiles(reflect.ValueOf(&c.SMS).Elem(), "PRASAN_SMS_"); err != nil {
		return err
	}
	if err := c.Backup.Resolve(); err != nil {
		return err
	}
	if c.RateLimits == "off" && !IsLoopback(c.Listen) {
		return errs.New(errs.Invalid, "error.limits-off")
	}
	if _, _, err := c.Terms.Hours(); err != nil {
		return err
	}
	for _, cidr := range c.TrustedProxy {
		if _, err := netip.ParsePrefix(cidr); err != nil {
			return errs.New(errs.Invalid, "error.cidr", "value", cidr)
		}
	}
	if c.Mail.Domain == "" {
		c.Mail.Domain = c.BaseDomain
	}
	if err := c.IMAP.resolve(c.Mail.Domain); err != nil {
		return err
	}
	if c.DPO.Email == "" {
		c.DPO.Email = "dpo@" + c.BaseDomain
	}
	return nil
}

// Resolve fills the defaults that depend on the data folder.
func (s *Store) Resolve() error {
	if err := readSecretFiles(reflect.ValueOf(s).Elem(), ""); err != nil {
		return err
	}
	if s.Database == "" {
		s.Database = "sqlite:" + filepath.Join(s.Data, "prasan.db")
	}
	if s.Keyring == "" {
		s.Keyring = "sqlite:" + filepath.Join(s.Data, "keyring.db")
		if strings.HasPrefix(s.Database, "postgres") {
			s.Keyring = s.Database
		}
	}
	if s.MasterKeyFile == "" {
		s.MasterKeyFile = filepath.Join(s.Data, "master.key")
	}
	return nil
}

// KeyringSchema is the PostgreSQL schema of a keyring that shares its database.
func (s *Store) KeyringSchema() string {
	if s.Keyring == s.Database {
		return "keyring"
	}
	return ""
}

// readSecretFiles reads PRASAN_X_FILE into each field marked secret whose value is not set.
func readSecretFiles(v reflect.Value, prefix string) error {
	for i := range v.NumField() {
		f := v.Type().Field(i)
		if _, secret := f.Tag.Lookup("secret"); !secret || v.Field(i).String() != "" {
			continue
		}
		name := prefix + f.Tag.Get("env") + "_FILE"
		path := os.Getenv(name)
		if path == "" {
			continue
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return errs.Wrap(err, errs.Invalid, "error.secret-file", "name", name, "path", path)
		}
		v.Field(i).SetString(strings.TrimSpace(string(text)))
	}
	return nil
}

// IsLoopback tells whether an address can be reached from this machine only.
func IsLoopback(addr string) bool {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return false
	}
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

// SiteURL returns how visitors reach a host: "http://rayong.industry.localhost:8080".
func (c *Server) SiteURL(host string) string {
	if u, err := url.Parse(c.PublicURL); err == nil && u.Scheme != "" {
		port := ""
		if p := u.Port(); p != "" {
			port = ":" + p
		}
		return u.Scheme + "://" + host + port
	}
	_, port, err := net.SplitHostPort(c.Listen)
	if err != nil || port == "80" {
		return "http://" + host
	}
	return fmt.Sprintf("http://%s:%s", host, port)
}
