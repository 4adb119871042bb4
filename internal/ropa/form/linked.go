package form

import (
	"encoding/json"
	"fmt"
	"io"

	"prasan/internal/ropa"
)

// object is a node of linked data; keys are written in their order.
type object = map[string]any

// writeJSONLD writes the record with the terms of the Data Privacy Vocabulary
// (https://w3id.org/dpv), for other registers to read. What DPV has no term for is left
// to the canonical form.
func writeJSONLD(r *ropa.Revision, w io.Writer) error {
	sum, err := ropa.SHA256(r)
	if err != nil {
		return err
	}
	l := linker{r}
	doc := object{
		"@context": object{"dpv": "https://w3id.org/dpv#", "dct": "http://purl.org/dc/terms/", "spdx": "http://spdx.org/rdf/terms#", "ropa": "urn:prasan:ropa:v1#"},
		"@id":      fmt.Sprintf("urn:prasan:ropa:%s:%d", r.Code, r.Number),
		"@type":    []string{"dpv:Process", "dpv:RecordsOfActivities"},
	}
	put := func(key string, v any) {
		if list, ok := v.([]object); v != nil && (!ok || len(list) > 0) {
			doc[key] = v
		}
	}
	put("dct:identifier", r.Code)
	put("dct:title", tagged(r.Name))
	put("dct:hasVersion", fmt.Sprint(r.Number))
	put("spdx:checksumValue", sum)
	put("dct:isPartOf", object{"@id": "urn:prasan:process:" + r.ProcessGroup.Code, "dct:title": tagged(r.ProcessGroup.Name)})
	put("dpv:hasResponsibleEntity", l.parties(r.PreparedBy))
	put("dpv:hasDataController", l.parties(r.Controller.Organisation, r.Controller.Department))
	put("dpv:hasPersonalData", l.data())
	put("dpv:hasPurpose", l.purposes())
	put("dpv:hasLegalBasis", l.bases())
	put("dpv:hasNotice", l.notices())
	put("dpv:hasDataSource", l.sources())
	put("dpv:hasRecipient", l.recipients())
	put("dpv:hasThirdParty", l.transfers())
	put("dpv:hasDataVolume", l.volume())
	put("dpv:hasStorageCondition", l.storage())
	put("dpv:hasTechnicalOrganisationalMeasure", l.measures())
	put("dpv:hasRight", object{"@type": "dpv:DataSubjectRight", "dct:source": l.documents(r.Rights.ErasureProcedure)})
	put("ropa:answers", l.answers())
	out, err := json.MarshalIndent(doc, "", "  ")
	if err != nil {
		return err
	}
	_, err = w.Write(append(out, '\n'))
	return err
}

type linker struct{ r *ropa.Revision }

func tagged(t ropa.Text) []object {
	var out []object
	if t.TH != "" {
		out = append(out, object{"@value": t.TH, "@language": "th"})
	}
	if t.EN != "" {
		out = append(out, object{"@value": t.EN, "@language": "en"})
	}
	return out
}

func (l linker) parties(codes ...string) []object {
	var out []object
	for _, c := range codes {
		if c != "" {
			out = append(out, object{"@id": "urn:prasan:party:" + c, "@type": "dpv:LegalEntity", "dpv:hasName": tagged(l.r.PartyName(c))})
		}
	}
	return out
}

func (l linker) documents(codes ...string) []object {
	var out []object
	for _, c := range codes {
		if d, ok := l.r.Document(c); ok {
			out = append(out, object{"@id": "urn:prasan:document:" + c, "dct:title": tagged(d.Title)})
		}
	}
	return out
}

func (l linker) data() []object {
	var out []object
	for _, e := range l.r.Elements {
		kind := "dpv:PersonalData"
		if e.Class == "restricted" {
			kind = "dpv:SensitivePersonalData"
		}
		out = append(out, object{"@id": "urn:prasan:element:" + e.Code, "@type": kind, "dct:title": tagged(e.Label), "dpv:hasSensitivityLevel": e.Class})
	}
	return out
}

func refs(kind string, codes []string) []object {
	var out []object
	for _, c := range codes {
		out = append(out, object{"@id": "urn:prasan:" + kind + ":" + c})
	}
	return out
}

func (l linker) purposes() []object {
	var out []object
	for _, p := range l.r.Purposes {
		o := object{"@id": "urn:prasan:purpose:" + p.Code, "@type": "dpv:Purpose", "dct:description": tagged(p.Text), "dpv:hasPersonalData": refs("element", p.Elements)}
		if p.Basis != "" {
			o["dpv:hasLegalBasis"] = object{"@id": "urn:prasan:basis:" + p.Basis}
		}
		out = append(out, o)
	}
	return out
}

// dpvBases are the terms for the lawful bases of the Act; "official-duty" is none.
var dpvBases = map[string]string{"consent": "dpv:Consent", "vital": "dpv:VitalInterest", "contract": "dpv:Contract", "public-task": "dpv:PublicInterest",
	"legitimate-interest": "dpv:LegitimateInterest", "legal-obligation": "dpv:LegalObligation"}

func (l linker) bases() []object {
	var out []object
	for _, b := range l.r.LegalBases {
		kind := dpvBases[b.Code]
		if kind == "" {
			kind = "dpv:LegalBasis"
		}
		o := object{"@id": "urn:prasan:basis:" + b.Code, "@type": kind, "dct:description": tagged(b.Note)}
		if b.Citation != "" {
			o["dct:source"] = "PDPA B.E. 2562, s." + b.Citation
		}
		out = append(out, o)
	}
	return out
}

func (l linker) notices() []object {
	kinds := map[string]string{"privacy_notice": "dpv:PrivacyNotice", "consent_form": "dpv:ConsentNotice", "cookie_policy": "dpv:Notice"}
	var out []object
	for _, n := range l.r.Notices {
		kind := kinds[n.Kind]
		if kind == "" {
			kind = "dpv:Notice"
		}
		out = append(out, object{"@type": kind, "dct:title": tagged(n.Title)})
	}
	return out
}

func (l linker) sources() []object {
	var out []object
	for _, s := range l.r.Sources {
		kind := "dpv:DataSource"
		if s.Kind == "data_subject" {
			kind = "dpv:DataSubjectDataSource"
		}
		out = append(out, object{"@type": kind, "dct:description": tagged(s.Text)})
	}
	return out
}

func (l linker) recipients() []object {
	var out []object
	for _, x := range l.r.Recipients.Domestic {
		out = append(out, object{"@id": "urn:prasan:party:" + x.Org, "@type": "dpv:Recipient", "dpv:hasName": tagged(l.r.PartyName(x.Org)), "dpv:hasPersonalData": refs("element", x.Elements)})
	}
	return out
}

func (l linker) transfers() []object {
	var out []object
	for _, x := range l.r.Recipients.Transfers {
		o := object{"@id": "urn:prasan:party:" + x.Recipient, "@type": "dpv:ThirdParty", "dpv:hasName": tagged(l.r.PartyName(x.Recipient)), "dpv:hasPersonalData": refs("element", x.Elements)}
		if x.Country != "" {
			o["dpv:hasLocation"] = x.Country
		}
		out = append(out, o)
	}
	return out
}

func (l linker) volume() any {
	if l.r.Volume == (ropa.Volume{}) {
		return nil
	}
	return object{"@type": "dpv:DataVolume", "ropa:count": l.r.Volume.Declared, "ropa:unit": l.r.Volume.Unit}
}

func (l linker) storage() []object {
	var out []object
	for _, s := range l.r.Stores {
		out = append(out, object{"@type": "dpv:StorageLocation", "ropa:medium": s.Medium, "dpv:hasLocation": tagged(s.Location)})
	}
	for _, x := range l.r.Retention {
		out = append(out, object{"@type": "dpv:StorageDuration", "dpv:hasDuration": x.Period, "ropa:appliesTo": x.AppliesTo, "ropa:anchor": x.Anchor})
	}
	if l.r.Destruction.Method != "" {
		out = append(out, object{"@type": "dpv:StorageDeletion", "ropa:method": l.r.Destruction.Method})
	}
	return out
}

func (l linker) measures() []object {
	c := &l.r.Controls
	var out []object
	for _, x := range []struct {
		kind  string
		codes []string
	}{{"dpv:AccessControlMethod", c.AccessPolicy}, {"dpv:AuthorisationProtocols", c.AccessMatrix}, {"dpv:ActivityMonitoring", c.Audit}, {"dpv:DataBackupProtocols", c.Backup}, {"dpv:PhysicalMeasure", c.Physical}} {
		if len(x.codes) > 0 {
			out = append(out, object{"@type": x.kind, "dct:source": l.documents(x.codes...)})
		}
	}
	return out
}

// answers are the rows of the form word for word, with the kind of nothing kept.
func (l linker) answers() []object {
	var out []object
	for i := range ropa.Rows {
		d := &ropa.Rows[i]
		row := l.r.Form.Row(d.ID)
		o := object{"@id": "urn:prasan:row:" + d.ID, "ropa:state": string(row.State), "dct:title": tagged(d.Title)}
		if row.Text != "" {
			o["dct:description"] = object{"@value": row.Text, "@language": "th"}
		}
		if d.DPV != "" {
			o["ropa:property"] = object{"@id": "dpv:" + d.DPV}
		}
		if d.Law != "" {
			o["dct:source"] = "PDPA B.E. 2562, s." + d.Law
		}
		out = append(out, o)
	}
	return out
}
