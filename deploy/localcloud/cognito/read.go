package cognito

import "strings"

// reading is a request's attributes, checked one by one. Faults of the schema are gathered, as AWS tells them all
// at once; others end it.
type reading struct {
	schema   schema
	creating bool // of a new user, who may have immutable attributes
	faults   strings.Builder
	list     attributes
}

// read checks the attributes of a request. A blank value means, for a new user, that there is none; for an old one
// it comes back blank, to be deleted. Of two with one name the later one counts.
func (p *pool) read(in []attributeInput, creating bool) (attributes, error) {
	r := &reading{schema: p.schema, creating: creating}
	for i, a := range in {
		if err := r.attribute(i, a); err != nil {
			return nil, err
		}
	}
	return r.list, r.verdict()
}

func (r *reading) attribute(i int, in attributeInput) error {
	if in.Name == "" {
		return violates(nil, "userAttributes.member.name", "not be null")
	}
	if in.Value == nil {
		return invalid("Attribute value for %s must not be null", in.Name)
	}
	if err := checkSize(*in.Value, i); err != nil {
		return err
	}
	a := r.schema.find(in.Name)
	if fault := r.fault(a, *in.Value); fault != "" {
		r.add(in.Name, fault)
		return nil
	}
	if *in.Value == "" && r.creating {
		return nil
	}
	r.list = r.list.with(in.Name, *in.Value)
	if *in.Value == "" {
		return nil
	}
	return checkFormat(in.Name, *in.Value)
}

// fault says what the schema has against a value.
func (r *reading) fault(a *schemaAttribute, value string) string {
	switch {
	case a == nil:
		return "Attribute does not exist in the schema."
	case a.Name == subAttribute, a.Name == identities, !r.creating && !a.mutable():
		return "Attribute cannot be updated."
	case value == "" && !r.creating && a.required():
		return "The attribute is required"
	case value == "":
		return ""
	}
	return a.fault(value)
}

func (r *reading) add(name, fault string) {
	if !r.creating {
		r.faults.WriteString("user.")
	}
	r.faults.WriteString(name + ": " + fault + "\n")
}

func (r *reading) verdict() error {
	switch {
	case r.faults.Len() == 0:
		return nil
	case r.creating:
		return invalid("Attributes did not conform to the schema: %s", r.faults.String())
	}
	return invalid("%s", r.faults.String())
}

// checkRequired holds a new user to what the pool requires of those who sign up.
func (p *pool) checkRequired(a attributes) error {
	r := reading{creating: true}
	for _, want := range p.schema {
		if want.required() && want.Name != subAttribute && !a.has(want.Name) {
			r.add(want.Name, "The attribute is required")
		}
	}
	return r.verdict()
}
