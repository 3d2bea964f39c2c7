package main

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"

	"github.com/postconfirm/postconfirm/deploy/onebox"
	"github.com/postconfirm/postconfirm/deploy/onebox/pretend"
)

// shown is how many rows of a vendor's list are shown.
const shown = 10

// got shows what the vendors of an example have: these are invented people, so their names may be read.
func (v view) got(s *performance) {
	if c := s.totals.Got.Contacts; c != nil {
		fmt.Fprintf(v.people, "\nHubSpot has %s, %s:\n", count(c.Created, "contact"), again(c.Again, "each written once", "written again"))
		v.contacts(s.box.HubSpot.Contacts())
	}
	if m := s.totals.Got.Mails; m != nil {
		fmt.Fprintf(v.people, "\nSES was given %s (%s), %s:\n", count(len(s.box.Outbox.Mails()), "mail"), byLanguage(m),
			again(s.totals.Vendors[pretend.Mail].Repeated, "none twice", "second mails"))
		v.letters(s)
		fmt.Fprintln(v.people, "Who gives a message to strangers for a name is greeted with the neutral word of the language.")
	}
	if e := s.totals.Got.Events; e != nil {
		fmt.Fprintf(v.people, "\nThe webhook receiver verified the signatures of %s, %s; %d had no good one.\n", count(e.Verified, "event"),
			again(e.Again, "no webhook-id twice", "came again"), e.Refused)
	}
}

// again says that nothing was done twice, or how much was.
func again(n int, never, what string) string {
	if n == 0 {
		return never
	}
	return fmt.Sprintf("%d %s", n, what)
}

func (v view) contacts(all []pretend.Contact) {
	rows := make([]table.Row, len(all))
	for i, c := range all {
		name := strings.TrimSpace(c.Properties["firstname"] + " " + c.Properties["lastname"])
		rows[i] = table.Row{c.ID, c.Email, name, c.Properties["company"]}
	}
	v.list(table.Row{"id", "email", "name", "company"}, rows)
}

func (v view) letters(s *performance) {
	people := map[string]onebox.Person{}
	for _, p := range s.scene.People(s.users) {
		people[p.Email] = p
	}
	var rows []table.Row
	for _, m := range s.box.Outbox.Mails() {
		p, l := people[m.To], pretend.Read(m.Template, m.Data)
		rows = append(rows, table.Row{cmp.Or(p.Locale, "(none)"), p.Name, l.Subject, l.Opening})
	}
	v.list(table.Row{"locale", "signed up as", "subject", "the mail begins"}, rows)
}

// list shows the first rows.
func (v view) list(header table.Row, rows []table.Row) {
	w := table.NewWriter()
	w.SetStyle(table.StyleLight)
	w.AppendHeader(header)
	w.AppendRows(rows[:min(len(rows), shown)])
	fmt.Fprintln(v.people, w.Render())
	if more := len(rows) - shown; more > 0 {
		fmt.Fprintf(v.people, "… and %d more\n", more)
	}
}

// byLanguage is "de 2, en 3".
func byLanguage(m map[string]int) string {
	var parts []string
	for _, language := range slices.Sorted(maps.Keys(m)) {
		parts = append(parts, fmt.Sprintf("%s %d", language, m[language]))
	}
	return strings.Join(parts, ", ")
}
