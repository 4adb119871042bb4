package ga

import (
	"context"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"time"
)

// Dimensions of reports that are fetched, by Google's names. "" is the day alone.
const (
	ByDay     = ""
	ByPage    = "pagePath"
	ByChannel = "sessionDefaultChannelGroup"
)

// Metrics in the order of a Row's figures, by Google's names.
var Metrics = []string{"screenPageViews", "activeUsers", "sessions"}

// Row is a line of a report.
type Row struct {
	Day                    time.Time // midnight UTC of a date without a zone
	Term                   string    // of the dimension
	Views, Users, Sessions int64
}

type reportRequest struct {
	Ranges     []dateRange `json:"dateRanges"`
	Dimensions []named     `json:"dimensions"`
	Metrics    []named     `json:"metrics"`
	Order      []order     `json:"orderBys"`
	Limit      string      `json:"limit"`
	Offset     string      `json:"offset"`
}

type dateRange struct {
	From string `json:"startDate"`
	To   string `json:"endDate"`
}

type named struct {
	Name string `json:"name"`
}

type order struct {
	Dimension map[string]string `json:"dimension"`
}

type reportAnswer struct {
	Dimensions []named `json:"dimensionHeaders"`
	Metrics    []named `json:"metricHeaders"`
	Rows       []struct {
		Dimensions []value `json:"dimensionValues"`
		Metrics    []value `json:"metricValues"`
	} `json:"rows"`
	Count int `json:"rowCount"`
}

type value struct {
	Value string `json:"value"`
}

const (
	pageRows = 10_000
	// MaxRows is how many lines of a report are read; beyond, the report is refused
	// rather than shown in part.
	MaxRows = 200_000
)

var propertyNumber = regexp.MustCompile(`^[1-9][0-9]{0,17}$`)

// IsNumber tells whether a text can be a property's number.
func IsNumber(s string) bool { return propertyNumber.MatchString(s) }

// Report fetches figures of each day between two dates, both included, page by page.
func (c *Client) Report(ctx context.Context, p Property, from, to time.Time, dimension string) (out []Row, err error) {
	if !IsNumber(p.Number) {
		return nil, &Trouble{What: Rejected}
	}
	q := reportRequest{Ranges: []dateRange{{from.Format(time.DateOnly), to.Format(time.DateOnly)}}, Dimensions: []named{{"date"}}, Order: []order{{map[string]string{"dimensionName": "date"}}}, Limit: strconv.Itoa(pageRows)}
	if dimension != ByDay {
		q.Dimensions = append(q.Dimensions, named{dimension})
		q.Order = append(q.Order, order{map[string]string{"dimensionName": dimension}})
	}
	for _, m := range Metrics {
		q.Metrics = append(q.Metrics, named{m})
	}
	address := fmt.Sprintf("%s/v1beta/properties/%s:runReport", c.at.Data, p.Number)
	for {
		q.Offset = strconv.Itoa(len(out))
		var answer reportAnswer
		if err := c.authorised(ctx, p, scopeReports, address, q, &answer); err != nil {
			return nil, err
		}
		rows, ok := answer.read(&q)
		if !ok || answer.Count > MaxRows {
			return nil, &Trouble{What: Broken, Status: http.StatusOK}
		}
		out = append(out, rows...)
		if len(out) >= answer.Count {
			return out, nil
		}
		if len(rows) == 0 { // fewer than it said: half a report is none
			return nil, &Trouble{What: Broken, Status: http.StatusOK}
		}
	}
}

// read takes the rows, if they are what was asked for.
func (a *reportAnswer) read(q *reportRequest) (out []Row, ok bool) {
	if len(a.Rows) == 0 {
		return nil, true
	}
	if !same(a.Dimensions, q.Dimensions) || !same(a.Metrics, q.Metrics) {
		return nil, false
	}
	for _, r := range a.Rows {
		if len(r.Dimensions) != len(q.Dimensions) || len(r.Metrics) != len(q.Metrics) {
			return nil, false
		}
		x := Row{}
		var err error
		if x.Day, err = time.Parse("20060102", r.Dimensions[0].Value); err != nil {
			return nil, false
		}
		if len(r.Dimensions) > 1 {
			x.Term = r.Dimensions[1].Value
		}
		for i, into := range []*int64{&x.Views, &x.Users, &x.Sessions} {
			if *into, err = strconv.ParseInt(r.Metrics[i].Value, 10, 64); err != nil || *into < 0 {
				return nil, false
			}
		}
		out = append(out, x)
	}
	return out, true
}

func same(a, b []named) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}
