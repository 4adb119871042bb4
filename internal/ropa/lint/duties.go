package lint

import (
	"fmt"
	"slices"
	"strings"

	"prasan/internal/ropa"
)

func (c *checker) csuContradictsFlow() hit {
	if len(c.r.Flow.Steps) == 0 {
		return hit{}
	}
	var p places
	var fields []string
	for _, x := range []struct {
		op, row, letter string
		answer          ropa.Answer
	}{{"collect", "rights_csu.create", "C", c.r.CSU.Create}, {"store", "rights_csu.store", "S", c.r.CSU.Store}, {"use", "rights_csu.use", "U", c.r.CSU.Use}} {
		own, any := -1, false
		for i := range c.r.Flow.Steps {
			s := &c.r.Flow.Steps[i]
			any = any || isGiven(s.Cell(x.op))
			if own < 0 && c.isOwnStep(s) && s.Cell(x.op).State == ropa.Given {
				own = i
			}
		}
		switch {
		case x.answer == ropa.NoWay && own >= 0:
			fields = append(fields, x.row, stepField(own, x.op))
			p.add(fmt.Sprintf("%s = NO แต่ขั้นตอนที่ %d ดำเนินการ", x.letter, c.r.Flow.Steps[own].No), fmt.Sprintf("%s = NO, but step %d does it", x.letter, c.r.Flow.Steps[own].No))
		case x.answer == ropa.Yes && !any:
			fields = append(fields, x.row)
			p.add(x.letter+" = YES แต่ไม่มีขั้นตอนใดดำเนินการ", x.letter+" = YES, but no step does it")
		}
	}
	if len(fields) > 0 && c.r.CSU.Store == ropa.NoWay && !slices.Contains(fields, "rights_csu.store") && slices.Contains(fields, "rights_csu.create") {
		fields = append(fields, "rights_csu.store") // what is collected is held, if only to be sent on
	}
	return p.at(nil, fields)
}

func (c *checker) useWithoutAccess() hit {
	if c.r.CSU.Use != ropa.Yes {
		return hit{}
	}
	var p places
	var fields []string
	for i := range c.r.Inventory.Systems {
		s := &c.r.Inventory.Systems[i]
		remarks := s.Remark
		for _, x := range s.Exchanges {
			remarks += "\n" + x.Remark
		}
		if noAccess.MatchString(remarks) {
			fields = append(fields, systemField(i, "remark"))
			p.system(s)
		}
	}
	return p.at([]string{"rights_csu.use"}, fields)
}

// dutyEmpty looks at the duties without which something could never be approved.
func (c *checker) dutyEmpty() hit {
	var ids []string
	for _, name := range []string{"disclose", "review", "terminate", "grant"} {
		if id := "duty." + name; len(*c.r.Duties.List(name)) == 0 && !c.settled(id) {
			ids = append(ids, id)
		}
	}
	if len(c.r.Breach.Liaison) == 0 && !c.settled("breach.pdpc_liaison") {
		ids = append(ids, "breach.pdpc_liaison")
	}
	return rows(ids...)
}

func persons(list []ropa.Principal) (out []string) {
	for _, p := range list {
		if p.Person != "" {
			out = append(out, p.Person)
		}
	}
	return out
}

func (c *checker) dutiesNotSeparated() hit {
	var p places
	access, inspect := persons(c.r.Access), persons(c.r.Duties.Inspect)
	for _, code := range c.r.Controller.Stewards {
		if slices.Contains(access, code) && slices.Contains(inspect, code) {
			name := c.r.PartyName(code)
			if name.EN == "" {
				name.EN = name.TH
			}
			p.add(name.TH, name.EN)
		}
	}
	if len(p.th) == 0 {
		return hit{}
	}
	fields := []string{"activity.stewards", "access_principals", "duty.inspect"}
	if slices.Contains(c.r.Controller.Stewards, c.r.PreparedBy) {
		fields = append(fields, "revision.prepared_by")
	}
	return c.asked(p.at(nil, fields))
}

func (c *checker) dpoApproves() hit {
	var ids []string
	for _, name := range []string{"classify", "disclose", "terminate", "grant"} {
		if slices.ContainsFunc(*c.r.Duties.List(name), func(p ropa.Principal) bool { return p.Role == "dpo" }) {
			ids = append(ids, "duty."+name)
		}
	}
	return c.asked(rows(ids...))
}

func (c *checker) delegationUnnamed() hit {
	isDelegate := func(p ropa.Principal) bool { return p.Role == "head-or-delegate" }
	if !slices.ContainsFunc(c.r.Access, isDelegate) || strings.Contains(c.r.Form.Row("access_principals").Text, "คำสั่ง") {
		return hit{}
	}
	if slices.ContainsFunc(c.r.Documents, func(d ropa.Document) bool { return strings.Contains(d.Title.TH, "มอบหมาย") }) {
		return hit{}
	}
	return c.asked(rows("access_principals"))
}

func (c *checker) controllerOfProvinces() hit {
	if !strings.Contains(c.r.ProcessGroup.Name.TH+c.r.Form.Row("process_group.name").Text, "จังหวัด") {
		return hit{}
	}
	return c.asked(when(true, "controller.department", "process_group.name"))
}

// codeUnknown holds that what is cited is listed.
func (c *checker) codeUnknown() hit {
	var p places
	var fields []string
	miss := func(field, code string) {
		fields = append(fields, field)
		p.add(code, code)
	}
	for field, list := range c.principals() {
		for i, x := range list {
			for _, code := range []string{x.Person, x.Position, x.Org, x.Provider} {
				if _, ok := c.r.Party(code); code != "" && !ok && len(c.r.Parties) > 0 {
					miss(fmt.Sprintf("%s[%d]", field, i), code)
				}
			}
		}
	}
	for field, codes := range c.documents() {
		for _, code := range codes {
			if _, ok := c.r.Document(code); code != "" && !ok && len(c.r.Documents) > 0 {
				miss(field, code)
			}
		}
	}
	slices.Sort(fields)
	slices.Sort(p.th)
	slices.Sort(p.en)
	return p.at(nil, fields)
}

func (c *checker) principals() map[string][]ropa.Principal {
	out := map[string][]ropa.Principal{"access": c.r.Access, "breach.responsible": c.r.Breach.Principals(), "breach.pdpc_liaison": c.r.Breach.Liaison}
	for _, name := range ropa.DutyNames {
		out["duties."+name] = *c.r.Duties.List(name)
	}
	return out
}

func (c *checker) documents() map[string][]string {
	k := c.r.Controls
	out := map[string][]string{"forms": c.r.Forms, "legal_refs": c.r.LegalRefs, "controls.access_policy_ref": k.AccessPolicy, "controls.access_matrix_ref": k.AccessMatrix,
		"controls.audit": k.Audit, "controls.backup": k.Backup, "controls.physical": k.Physical, "transfer.record_rule": {c.r.Transfer.RecordRule}, "rights.erasure_procedure": {c.r.Rights.ErasureProcedure}}
	switch c.r.Destruction.Method {
	case "", "secure-delete", "burn", "committee":
	default:
		out["destruction.method"] = []string{c.r.Destruction.Method}
	}
	for i, s := range c.r.Inventory.Systems {
		out[systemField(i, "agreement")] = []string{s.Agreement}
	}
	return out
}
