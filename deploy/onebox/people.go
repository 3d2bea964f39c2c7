package onebox

import (
	"fmt"
	"strings"
)

// Person is somebody who signs up in the demo.
type Person struct {
	Name   string // given name, as the person wrote it: it may be anything
	Family string // family name; "" is none
	Locale string // language, as the app saw it: "de_DE"; "" is none
	Email  string
}

// People are n invented persons at invented companies. Every fifth uses a mail provider, whose domain no company
// directory knows.
func People(n int) []Person {
	names := []string{"Ada", "Grace", "Edsger", "Barbara", "Tony", "Radia", "Dennis", "Frances", "Niklaus", "Shafi"}
	companies := []string{"acme", "globex", "initech", "hooli", "mailbox", "umbrella", "stark", "wayne", "tyrell", "mailbox"}
	cast := make([]Person, len(names))
	for i, name := range names {
		cast[i] = Person{Name: name, Email: strings.ToLower(name) + "@" + companies[i] + ".example"}
	}
	return crowd(cast, n)
}

// crowd is a cast again and again until there are n, each round with a mark in its addresses.
func crowd(cast []Person, n int) []Person {
	people := make([]Person, n)
	for i := range people {
		people[i] = cast[i%len(cast)]
		if round := i / len(cast); round > 0 {
			local, host, _ := strings.Cut(people[i].Email, "@")
			people[i].Email = fmt.Sprintf("%s+%d@%s", local, round, host)
		}
	}
	return people
}

// customers are people for a CRM: with family names, and some at one company.
func customers(n int) []Person {
	return crowd([]Person{
		{Name: "Ada", Family: "Byrne", Email: "ada@acme.example"},
		{Name: "Grace", Family: "Okafor", Email: "grace@globex.example"},
		{Name: "Edsger", Family: "Visser", Email: "edsger@acme.example"},
		{Name: "Barbara", Family: "Lindqvist", Email: "barbara@hooli.example"},
		{Name: "Tony", Family: "Marsh", Email: "tony@mailbox.example"},
		{Name: "Radia", Family: "Cohen", Email: "radia@umbrella.example"},
		{Name: "Dennis", Family: "Novák", Email: "dennis@globex.example"},
		{Name: "Frances", Email: "frances@wayne.example"},
		{Name: "Niklaus", Family: "Frey", Email: "niklaus@tyrell.example"},
		{Name: "Shafi", Family: "Rahman", Email: "shafi@mailbox.example"},
	}, n)
}

// readers are people who read several languages, and one who has a message to strangers for a name.
func readers(n int) []Person {
	return crowd([]Person{
		{Name: "Ada", Locale: "en-GB", Email: "ada@acme.example"},
		{Name: "Jürgen", Locale: "de_DE", Email: "juergen@globex.example"},
		{Name: "Amélie", Locale: "fr-CA", Email: "amelie@hooli.example"},
		{Name: "You won! Go to evil.example", Locale: "de-AT", Email: "victim@mailbox.example"},
		{Name: "Chiara", Locale: "it-IT", Email: "chiara@umbrella.example"},
		{Name: "Niklaus", Locale: "de-CH", Email: "niklaus@stark.example"},
		{Name: "Léa", Locale: "fr", Email: "lea@wayne.example"},
		{Name: "Shafi", Email: "shafi@initech.example"},
		{Name: "Radia", Locale: "en", Email: "radia@mailbox.example"},
		{Name: "Björn", Locale: "de", Email: "bjoern@tyrell.example"},
	}, n)
}
