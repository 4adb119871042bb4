package api

import (
	"time"

	"prasan/internal/accounts"
	"prasan/internal/cases"
	"prasan/internal/policy"
)

// Account is a person who works with the program.
type Account struct {
	Name      string    `json:"name"`
	Display   Text      `json:"display"`
	Agency    string    `json:"agency"`
	Roles     []string  `json:"roles" enum:"officer,registrar,head,dpo,ict,auditor,admin"`
	Enrolled  bool      `json:"enrolled" doc:"Whether an authenticator is enrolled."`
	Disabled  bool      `json:"disabled"`
	CreatedAt time.Time `json:"created_at"`
}

func accountOf(a accounts.Account) Account {
	return Account{a.Name, textOf(a.Display), a.Agency, a.Roles, a.HasTOTP, a.Disabled, a.CreatedAt}
}

// OneTime is a password that is good for setting one's own.
type OneTime struct {
	Name     string `json:"name"`
	Password string `json:"one_time_password" doc:"Told this once."`
}

// Token is an API token.
type Token struct {
	ID        string     `json:"id"`
	Label     string     `json:"label"`
	CreatedAt time.Time  `json:"created_at"`
	UsedAt    *time.Time `json:"used_at,omitempty"`
	Token     string     `json:"token,omitempty" doc:"Told once, when it is made."`
}

func tokenOf(t accounts.Token) Token {
	return Token{ID: t.ID, Label: t.Label, CreatedAt: t.CreatedAt, UsedAt: moment(t.UsedAt)}
}

// Me is who holds the token.
type Me struct {
	Account
	IsHead    bool     `json:"is_head"`
	Positions []string `json:"positions,omitempty"`
	Orders    []string `json:"orders,omitempty" doc:"Numbers of the delegation orders in force."`
	Grants    []Grant  `json:"grants" doc:"What the record lets the holder read, and why."`
}

// Grant is a purpose of the record for which the holder may read personal data now.
type Grant struct {
	Activity string   `json:"activity"`
	Purpose  string   `json:"purpose"`
	Elements []string `json:"elements"`
	Ground   string   `json:"ground" doc:"Principal or order of the record that it rests on."`
}

type newAccount struct {
	Name    string   `json:"name"`
	Display Text     `json:"display"`
	Email   string   `json:"email,omitempty"`
	Agency  string   `json:"agency"`
	Roles   []string `json:"roles" enum:"officer,registrar,head,dpo,ict,auditor,admin"`
}

type moveAccount struct {
	Agency string   `json:"agency"`
	Roles  []string `json:"roles" enum:"officer,registrar,head,dpo,ict,auditor,admin"`
}

type newToken struct {
	Label string `json:"label"`
}

// accountOperations: people and their tokens.
func (a *API) accountOperations() []Operation {
	return []Operation{
		Get(Operation{ID: "me", Path: "/me", Tag: "people", Summary: "Who holds this token, and what he may act as now."}, a.me),
		Get(Operation{ID: "listAccounts", Path: "/accounts", Tag: "people", Summary: "Accounts by name: of one's agency, or all for who administers them.", Query: append([]Param{{Name: "agency", Summary: "Code of an agency."}}, Paging...)}, a.listAccounts),
		Get(Operation{ID: "getAccount", Path: "/accounts/{name}", Tag: "people", Summary: "An account."}, a.getAccount),
		Do(Operation{ID: "addAccount", Path: "/accounts", Tag: "people", Summary: "Make an account; its one-time password is told once.", Action: "account.admin", Creates: true}, a.addAccount),
		Get(Operation{ID: "disableAccount", Method: "POST", Path: "/accounts/{name}/disable", Tag: "people", Summary: "Disable an account; its sessions and tokens end.", Action: "account.admin"}, a.disableAccount),
		Get(Operation{ID: "resetAccount", Method: "POST", Path: "/accounts/{name}/reset", Tag: "people", Summary: "A new one-time password; authenticator, sessions and tokens are forgotten.", Action: "account.admin"}, a.resetAccount),
		Do(Operation{ID: "moveAccount", Path: "/accounts/{name}/move", Tag: "people", Summary: "Give an account another agency or other roles.", Action: "account.admin"}, a.moveAccount),
		Get(Operation{ID: "listTokens", Path: "/tokens", Tag: "people", Summary: "One's own tokens."}, a.listTokens),
		Do(Operation{ID: "createToken", Path: "/tokens", Tag: "people", Summary: "Make a token of one's own.", Creates: true}, a.createToken),
		Get(Operation{ID: "revokeToken", Method: "DELETE", Path: "/tokens/{id}", Tag: "people", Summary: "End a token."}, a.revokeToken),
	}
}

func (a *API) me(c *Call) (Me, error) {
	m := Me{Account: accountOf(c.Account), IsHead: c.Actor.IsHead, Positions: c.Actor.Positions, Grants: []Grant{}}
	for _, o := range c.Actor.Orders {
		m.Orders = append(m.Orders, o.Number)
	}
	if a.Cases == nil {
		return m, nil
	}
	if snap := a.Cases.Record(cases.Activity); snap != nil {
		for _, p := range snap.Purposes {
			if d := snap.MayRead(c.Actor, p.Code); d.Allowed {
				m.Grants = append(m.Grants, Grant{snap.Activity, p.Code, append([]string{}, d.Elements...), d.Ground})
			}
		}
	}
	return m, nil
}

func (a *API) listAccounts(c *Call) (Page[Account], error) {
	limit, err := c.Limit()
	if err != nil {
		return Page[Account]{}, err
	}
	after, err := c.Cursor(1)
	if err != nil {
		return Page[Account]{}, err
	}
	last := ""
	if after != nil {
		last = after[0]
	}
	list, err := a.Accounts.List(c.Request.Context(), c.Actor, c.Query("agency"), last, limit+1)
	return PageOf(list, limit, accountOf, func(x accounts.Account) string { return MakeCursor(x.Name) }), err
}

func (a *API) getAccount(c *Call) (Account, error) {
	x, err := a.Accounts.Get(c.Request.Context(), c.Actor, c.Path("name"))
	return accountOf(x), err
}

func (a *API) addAccount(c *Call, in newAccount) (OneTime, error) {
	x, password, err := a.Accounts.Add(c.Request.Context(), c.Actor, accounts.Account{Name: in.Name, Display: policy.Text{TH: in.Display.TH, EN: in.Display.EN}, Email: in.Email, Agency: in.Agency, Roles: in.Roles})
	c.Location = "/accounts/" + x.Name
	return OneTime{x.Name, password}, err
}

func (a *API) disableAccount(c *Call) (Nothing, error) {
	return Nothing{}, a.Accounts.Disable(c.Request.Context(), c.Actor, c.Path("name"))
}

func (a *API) resetAccount(c *Call) (OneTime, error) {
	password, err := a.Accounts.Reset(c.Request.Context(), c.Actor, c.Path("name"))
	return OneTime{c.Path("name"), password}, err
}

func (a *API) moveAccount(c *Call, in moveAccount) (Account, error) {
	if err := a.Accounts.Move(c.Request.Context(), c.Actor, c.Path("name"), in.Agency, in.Roles); err != nil {
		return Account{}, err
	}
	return a.getAccount(c)
}

func (a *API) listTokens(c *Call) (Page[Token], error) {
	list, err := a.Accounts.Tokens(c.Request.Context(), c.Account.Name)
	return PageOf(list, len(list), tokenOf, nil), err
}

func (a *API) createToken(c *Call, in newToken) (Token, error) {
	t, text, err := a.Accounts.CreateToken(c.Request.Context(), c.Actor, c.Account.Name, in.Label)
	out := tokenOf(t)
	out.Token, c.Location = text, "/tokens"
	return out, err
}

func (a *API) revokeToken(c *Call) (Nothing, error) {
	return Nothing{}, a.Accounts.RevokeToken(c.Request.Context(), c.Actor, c.Path("id"))
}
