package onebox

import "fmt"

// Person is somebody who signs up in the demo.
type Person struct {
	Name  string // given name
	Email string
}

// People are n invented persons at invented companies. Every fifth uses a mail provider, whose domain no company
// directory knows.
func People(n int) []Person {
	names := []string{"Ada", "Grace", "Edsger", "Barbara", "Tony", "Radia", "Dennis", "Frances", "Niklaus", "Shafi"}
	companies := []string{"acme", "globex", "initech", "hooli", "mailbox", "umbrella", "stark", "wayne", "tyrell", "mailbox"}
	people := make([]Person, n)
	for i := range people {
		name := names[i%len(names)]
		mark := ""
		if i >= len(names) {
			mark = fmt.Sprintf("+%d", i/len(names))
		}
		people[i] = Person{Name: name, Email: lower(name) + mark + "@" + companies[i%len(companies)] + ".example"}
	}
	return people
}

func lower(name string) string { return string(name[0]|0x20) + name[1:] }
