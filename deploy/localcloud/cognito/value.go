package cognito

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// maxValue is how long any attribute value may be, in bytes of UTF-8 (developer guide, "Quotas").
const maxValue = 2048

var (
	number = regexp.MustCompile(`^[+-]?[0-9]+(\.[0-9]+)?$`)
	phone  = regexp.MustCompile(`^\+[0-9]{1,15}$`)
	email  = regexp.MustCompile(`^[^\s@]+(@[^\s@]+)+$`) // as loose as it can be: what AWS takes is not documented
)

// checkSize holds a value to the bound that AWS checks before it looks at the schema. i counts from 0.
func checkSize(value string, i int) error {
	if len(value) <= maxValue {
		return nil
	}
	return violates(value, fmt.Sprintf("userAttributes.%d.member.value", i+1), "have length less than or equal to %d", maxValue)
}

// fault says what is wrong with a value, by the attribute's type and constraints; "" if nothing is.
func (a *schemaAttribute) fault(value string) string {
	switch a.AttributeDataType {
	case typeNumber:
		return a.numberFault(value)
	case typeBoolean:
		if value != "true" && value != "false" {
			return "Attribute value must be true or false."
		}
	case typeTime:
		if !moment(value) {
			return "Attribute value must be a date and time."
		}
	default:
		return a.stringFault(value)
	}
	return ""
}

// stringFault counts characters, not bytes.
func (a *schemaAttribute) stringFault(value string) string {
	if c := a.StringAttributeConstraints; c != nil {
		n := utf8.RuneCountInString(value)
		if least, err := strconv.Atoi(c.MinLength); err == nil && n < least {
			return fmt.Sprintf("String must be no shorter than %d characters", least)
		}
		if most, err := strconv.Atoi(c.MaxLength); err == nil && n > most {
			return fmt.Sprintf("String must be no longer than %d characters", most)
		}
	}
	if a.Name == "birthdate" {
		if _, err := time.Parse(time.DateOnly, value); err != nil {
			return "Attribute value must be a date, YYYY-MM-DD."
		}
	}
	return ""
}

func (a *schemaAttribute) numberFault(value string) string {
	v, err := strconv.ParseFloat(value, 64)
	if err != nil || !number.MatchString(value) {
		return "Attribute value must be a number."
	}
	c := a.NumberAttributeConstraints
	if c == nil {
		return ""
	}
	if least, err := strconv.ParseFloat(c.MinValue, 64); err == nil && v < least {
		return "Number must be no less than " + c.MinValue
	}
	if most, err := strconv.ParseFloat(c.MaxValue, 64); err == nil && v > most {
		return "Number must be no greater than " + c.MaxValue
	}
	return ""
}

// moment tells whether a value is a time: RFC 3339, a date, or seconds since 1970. AWS does not document which
// forms it takes.
func moment(value string) bool {
	for _, layout := range []string{time.RFC3339Nano, time.DateOnly} {
		if _, err := time.Parse(layout, value); err == nil {
			return true
		}
	}
	return number.MatchString(value)
}

// checkFormat holds e-mail addresses and telephone numbers to their form.
func checkFormat(name, value string) error {
	if name == emailAttribute && !email.MatchString(value) {
		return invalid("Invalid email address format.")
	}
	if name == phoneAttribute && !phone.MatchString(value) {
		return invalid("Invalid phone number format.")
	}
	return nil
}

// masked hides the destination of a code as AWS does.
func masked(name, value string) string {
	if name == phoneAttribute {
		keep := max(len(value)-4, 0)
		return "+" + strings.Repeat("*", max(keep-1, 0)) + value[keep:]
	}
	user, domain, _ := strings.Cut(value, "@")
	return initial(user) + "***@" + initial(domain) + "***"
}

func initial(s string) string {
	for _, r := range s {
		return string(r)
	}
	return ""
}
