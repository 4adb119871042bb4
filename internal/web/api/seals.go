package api

import (
	"io"
	"strconv"
	"time"

	"prasan/internal/blob"
	"prasan/internal/errs"
	"prasan/internal/letters"
	"prasan/internal/saraban"
	"prasan/internal/thai"
)

// Seal is the key and certificate with which an agency seals its letters.
type Seal struct {
	Agency    string     `json:"agency"`
	Own       bool       `json:"own" doc:"Of the program's own making: letters are shown to be unaltered, not who sends them."`
	Subject   string     `json:"subject,omitempty"`
	Issuer    string     `json:"issuer,omitempty"`
	NotBefore *time.Time `json:"not_before,omitempty"`
	NotAfter  *time.Time `json:"not_after,omitempty"`
	SHA256    string     `json:"sha256,omitempty" doc:"Of the certificate."`
	Chain     int        `json:"chain" doc:"Certificates above it."`
	Requested bool       `json:"requested" doc:"A key waits for its certificate."`
}

func sealOf(i letters.SealInfo) Seal {
	return Seal{i.Agency, i.Own, i.Subject, i.Issuer, moment(i.NotBefore), moment(i.NotAfter), i.SHA256, i.Chain, i.Requested}
}

type (
	sealRequest struct {
		Kind string `json:"kind,omitempty" enum:"rsa,ecdsa" doc:"RSA of 3072 bits if absent."`
	}
	sealMaterial struct {
		PEM      string `json:"pem,omitempty" doc:"Certificate, those above it, and the key unless it was requested here."`
		PKCS12   []byte `json:"pkcs12,omitempty" doc:"PKCS #12, in base64."`
		Password string `json:"password,omitempty" doc:"Of the PKCS #12."`
	}
	sealRequested struct {
		PEM string `json:"pem" doc:"The request (PKCS #10)."`
	}
)

// SealOperations: seals of agencies, and letters that were signed on paper.
func SealOperations(l *letters.Service, x *saraban.Service) []Operation {
	const tag, path = "letters", "/agencies/{code}/seal"
	params := func(more ...Param) []Param {
		return append([]Param{{Name: "name", Summary: "Name of the file."}, {Name: "dated", Summary: "YYYY-MM-DD, as the letter says."}, {Name: "subject", Summary: "Subject (เรื่อง)."}, {Name: "to_name", Summary: "Whom it addresses."},
			{Name: "secrecy", Summary: "Class of secrecy; none if absent.", Enum: []string{"none", "confidential", "secret", "top-secret"}}, {Name: "urgency", Summary: "Class of urgency; none if absent.", Enum: []string{"none", "urgent", "very-urgent", "most-urgent"}}}, more...)
	}
	return []Operation{
		Get(Operation{ID: "getSeal", Path: path, Tag: tag, Summary: "The certificate with which an agency seals its letters."}, func(c *Call) (Seal, error) {
			i, err := l.SealOf(c.Request.Context(), c.Actor, c.Path("code"))
			return sealOf(i), err
		}),
		Do(post(Operation{ID: "requestSeal", Path: path + "/request", Tag: tag, Action: "site.admin", Summary: "Make a key for an agency and get the request for its certificate; the key stays here."}), func(c *Call, in sealRequest) (sealRequested, error) {
			b, err := l.RequestSeal(c.Request.Context(), c.Actor, c.Path("code"), in.Kind)
			return sealRequested{string(b)}, err
		}),
		Do(post(Operation{ID: "installSeal", Path: path, Tag: tag, Action: "site.admin", Summary: "Give an agency the certificate of an authority. Its dates, its uses, its key and its chain are checked."}), func(c *Call, in sealMaterial) (Seal, error) {
			material := in.PKCS12
			if in.PEM != "" {
				material = []byte(in.PEM)
			}
			i, err := l.InstallSeal(c.Request.Context(), c.Actor, c.Path("code"), material, in.Password)
			return sealOf(i), err
		}),
		Get(post(Operation{ID: "registerPaper", Path: "/registers/out/paper", Tag: tag, Action: "letter.number", Upload: blob.MaxFile, Summary: "Enter a letter that was signed on paper into the register of letters out: the body is its scan (PDF, JPEG, PNG).",
			Query: params(Param{Name: "kind", Summary: "Form of the letter.", Enum: []string{"external", "memo", "stamped"}}, Param{Name: "to", Summary: "Code of the agency it goes to."}, Param{Name: "signer", Summary: "Name of who signed."}, Param{Name: "position", Summary: "His position."}, Param{Name: "reserved", Summary: "A number that was set aside; the next one if absent."})}), func(c *Call) (Letter, error) {
			dated, err := datedIn(c)
			if err != nil {
				return Letter{}, err
			}
			reserved, err := strconv.ParseInt(or(c.Query("reserved"), "0"), 10, 64)
			if err != nil {
				return Letter{}, errs.InvalidField("reserved", "error.letter-reserved")
			}
			got, err := l.RegisterPaper(c.Request.Context(), c.Actor, letters.Paper{Writing: letters.Writing{Kind: letters.Kind(c.Query("kind")), Urgency: letters.Urgency(c.Query("urgency")), To: c.Query("to"), ToName: c.Query("to_name"), Subject: c.Query("subject")},
				Secrecy: letters.Secrecy(c.Query("secrecy")), Signer: c.Query("signer"), Position: c.Query("position"), Dated: dated, Reserved: reserved, Name: or(c.Query("name"), "scan"), Scan: body(c)})
			return letterFor(c, l, got, err)
		}),
		Get(post(Operation{ID: "registerScan", Path: "/registers/in/paper", Tag: tag, Action: "letter.receive", Upload: blob.MaxFile, Summary: "Enter a letter that came on paper into the register of letters in: the body is its scan (PDF, JPEG, PNG). It has its receive number at once.",
			Query: params(Param{Name: "number", Summary: "Its number."}, Param{Name: "from", Summary: "Code of the agency it came from."}, Param{Name: "from_name", Summary: "Name of another body."})}), func(c *Call) (Letter, error) {
			dated, err := datedIn(c)
			if err != nil {
				return Letter{}, err
			}
			got, err := x.RegisterScan(c.Request.Context(), c.Actor, saraban.Scanned{From: c.Query("from"), FromName: c.Query("from_name"), ToName: c.Query("to_name"), Number: c.Query("number"), Dated: dated, Subject: c.Query("subject"), Secrecy: letters.Secrecy(c.Query("secrecy")), Urgency: letters.Urgency(c.Query("urgency")), Name: or(c.Query("name"), "scan"), Scan: body(c)})
			return letterIn(c.Actor, got), err
		}),
	}
}

func body(c *Call) io.Reader { return c.Request.Body }

// datedIn is the day that a letter bears; the zero time where none is given.
func datedIn(c *Call) (time.Time, error) {
	text := c.Query("dated")
	if text == "" {
		return time.Time{}, nil
	}
	t, err := time.ParseInLocation(time.DateOnly, text, thai.Bangkok)
	if err != nil {
		err = errs.InvalidField("dated", "error.date")
	}
	return t, err
}
