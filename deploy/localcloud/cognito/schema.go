package cognito

import (
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// The names of attributes that have rules of their own.
const (
	subAttribute       = "sub"
	emailAttribute     = "email"
	phoneAttribute     = "phone_number"
	preferredAttribute = "preferred_username"
	identities         = "identities"
	verifiedSuffix     = "_verified"
)

// The data types of attributes (API Reference, SchemaAttributeType).
const (
	typeString  = "String"
	typeNumber  = "Number"
	typeBoolean = "Boolean"
	typeTime    = "DateTime"
)

// maxCustom is how many custom attributes a pool may have, maxCustomName how long their names may be without the
// prefix (developer guide, "Quotas").
const (
	maxCustom     = 50
	maxCustomName = 20
)

// schemaAttribute is one attribute that a pool knows, as requests and answers write it. Lengths and values are
// strings on the wire.
type schemaAttribute struct {
	Name                       string
	AttributeDataType          string             `json:",omitempty"`
	DeveloperOnlyAttribute     *bool              `json:",omitempty"`
	Mutable                    *bool              `json:",omitempty"`
	Required                   *bool              `json:",omitempty"`
	StringAttributeConstraints *stringConstraints `json:",omitempty"`
	NumberAttributeConstraints *numberConstraints `json:",omitempty"`
}

type stringConstraints struct {
	MinLength string `json:",omitempty"`
	MaxLength string `json:",omitempty"`
}

type numberConstraints struct {
	MinValue string `json:",omitempty"`
	MaxValue string `json:",omitempty"`
}

func (a *schemaAttribute) mutable() bool  { return *a.Mutable }
func (a *schemaAttribute) required() bool { return *a.Required }

// custom tells whether the pool's owner invented the attribute.
func custom(name string) bool {
	return strings.HasPrefix(name, "custom:") || strings.HasPrefix(name, "dev:")
}

// schema is a pool's attributes: the standard ones in AWS's order, then the custom ones as they were added.
type schema []schemaAttribute

func (s schema) find(name string) *schemaAttribute {
	i := slices.IndexFunc(s, func(a schemaAttribute) bool { return a.Name == name })
	if i < 0 {
		return nil
	}
	return &s[i]
}

// newSchema makes a pool's attributes of the standard ones and the request. A request may change what a standard
// attribute allows, but not what it is. The two verified flags and identities are built in: a request that names
// them makes custom attributes, as it does in AWS.
func newSchema(in []schemaAttribute) (schema, error) {
	s := standardSchema()
	for _, a := range in {
		old := s.find(a.Name)
		if old == nil || strings.HasSuffix(a.Name, verifiedSuffix) || a.Name == identities {
			var err error
			if s, err = s.with(a); err != nil {
				return nil, err
			}
			continue
		}
		if a.AttributeDataType != "" && a.AttributeDataType != old.AttributeDataType || isTrue(a.DeveloperOnlyAttribute) {
			return nil, invalid("You can not change AttributeDataType or set developerOnlyAttribute for standard schema attribute %s", a.Name)
		}
		a.AttributeDataType = old.AttributeDataType
		if err := a.checkConstraints(); err != nil {
			return nil, err
		}
		old.adjust(&a)
	}
	return s, nil
}

// adjust takes over what a request says about a standard attribute. sub stays as it is.
func (a *schemaAttribute) adjust(in *schemaAttribute) {
	if a.Name == subAttribute {
		return
	}
	if in.Mutable != nil {
		a.Mutable = in.Mutable
	}
	if in.Required != nil {
		a.Required = in.Required
	}
	if in.StringAttributeConstraints != nil {
		a.StringAttributeConstraints = in.StringAttributeConstraints
	}
	if in.NumberAttributeConstraints != nil {
		a.NumberAttributeConstraints = in.NumberAttributeConstraints
	}
}

// with adds a custom attribute to a copy of the schema.
func (s schema) with(a schemaAttribute) (schema, error) {
	if err := a.checkCustom(); err != nil {
		return nil, err
	}
	a.Name = "custom:" + a.Name
	if isTrue(a.DeveloperOnlyAttribute) {
		a.Name = "dev:" + a.Name
	}
	if s.find(a.Name) != nil {
		return nil, invalid("%s: Existing attribute already has name %s.", a.Name, a.Name)
	}
	if len(s)-len(standardSchema()) >= maxCustom {
		return nil, invalid("The number of custom attributes can't be more than %d.", maxCustom)
	}
	a.complete()
	return append(slices.Clone(s), a), nil
}

func (a *schemaAttribute) checkCustom() error {
	switch {
	case a.Name == "":
		return violates(a.Name, "customAttributes.member.name", "have length greater than or equal to 1")
	case utf8.RuneCountInString(a.Name) > maxCustomName:
		return violates(a.Name, "customAttributes.member.name", "have length less than or equal to %d", maxCustomName)
	case !word.MatchString(a.Name):
		return violates(a.Name, "customAttributes.member.name", `satisfy regular expression pattern: [\p{L}\p{M}\p{S}\p{N}\p{P}]+`)
	case isTrue(a.Required):
		return invalid("Required custom attributes are not supported currently.")
	}
	if a.AttributeDataType != "" {
		if err := oneOf(a.AttributeDataType, "customAttributes.member.attributeDataType", typeBoolean, typeNumber, typeString, typeTime); err != nil {
			return err
		}
	}
	return a.checkConstraints()
}

// complete fills in what a custom attribute has when the request does not say: a mutable string.
func (a *schemaAttribute) complete() {
	yes, no, developer := true, false, isTrue(a.DeveloperOnlyAttribute)
	a.DeveloperOnlyAttribute, a.Required = &developer, &no
	if a.Mutable == nil {
		a.Mutable = &yes
	}
	if a.AttributeDataType == "" {
		a.AttributeDataType = typeString
	}
	if a.AttributeDataType != typeString {
		a.StringAttributeConstraints = nil
	} else if a.StringAttributeConstraints == nil {
		a.StringAttributeConstraints = new(stringConstraints)
	}
	if a.AttributeDataType != typeNumber {
		a.NumberAttributeConstraints = nil
	} else if a.NumberAttributeConstraints == nil {
		a.NumberAttributeConstraints = new(numberConstraints)
	}
}

// checkConstraints holds bounds to being numbers, the lower one first.
func (a *schemaAttribute) checkConstraints() error {
	if c := a.StringAttributeConstraints; c != nil {
		least, e1 := bound(c.MinLength, 0)
		most, e2 := bound(c.MaxLength, maxValue)
		switch {
		case e1 != nil || e2 != nil || least < 0 || most < 0:
			return invalid("Invalid StringAttributeConstraints for schema attribute %s", a.Name)
		case least > maxValue || most > maxValue:
			return invalid("user.%s: String attributes cannot have a length of more than %d", a.Name, maxValue)
		case least > most:
			return invalid("user.%s: Max length cannot be less than min length.", a.Name)
		}
	}
	if c := a.NumberAttributeConstraints; c != nil {
		least, e1 := bound(c.MinValue, 0)
		most, e2 := bound(c.MaxValue, max(least, 0))
		switch {
		case e1 != nil || e2 != nil:
			return invalid("Invalid NumberAttributeConstraints for schema attribute %s", a.Name)
		case c.MinValue != "" && least > most:
			return invalid("user.%s: Max value cannot be less than min value.", a.Name)
		}
	}
	return nil
}

// bound reads one end of a constraint; nothing means the given default.
func bound(s string, otherwise float64) (float64, error) {
	if s == "" {
		return otherwise, nil
	}
	if !number.MatchString(s) {
		return 0, strconv.ErrSyntax
	}
	return strconv.ParseFloat(s, 64)
}

func isTrue(b *bool) bool { return b != nil && *b }
