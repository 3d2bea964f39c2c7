package cognito

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// timestamp is a moment as AWS's JSON protocol writes it: seconds since 1970, with milliseconds as a fraction.
type timestamp time.Time

// MarshalJSON writes the number.
func (t timestamp) MarshalJSON() ([]byte, error) {
	return strconv.AppendFloat(nil, float64(time.Time(t).UnixMilli())/1000, 'f', 3, 64), nil
}

// attributeInput is an attribute in a request; a value that is missing is not the same as a blank one.
type attributeInput struct {
	Name  string
	Value *string
}

// word is Cognito's pattern for user and attribute names (API Reference, SignUp): letters, marks, symbols, numbers
// and punctuation, which leaves out spaces and control characters.
var word = regexp.MustCompile(`^[\p{L}\p{M}\p{S}\p{N}\p{P}]+$`)

var poolIDPattern = regexp.MustCompile(`^[\w-]+_[0-9a-zA-Z]+$`)

// checkPoolID holds a pool id to its pattern (API Reference, AdminGetUser).
func checkPoolID(id string) error {
	switch {
	case id == "":
		return violates(nil, "userPoolId", "not be null")
	case !poolIDPattern.MatchString(id):
		return violates(id, "userPoolId", `satisfy regular expression pattern: [\w-]+_[0-9a-zA-Z]+`)
	}
	return nil
}

// checkUsername holds a user name to length and pattern. The length counts characters, not bytes.
func checkUsername(name string) error {
	switch {
	case name == "":
		return violates(nil, "username", "not be null")
	case len([]rune(name)) > 128:
		return violates(name, "username", "have length less than or equal to 128")
	case !word.MatchString(name):
		return violates(name, "username", `satisfy regular expression pattern: [\p{L}\p{M}\p{S}\p{N}\p{P}]+`)
	}
	return nil
}

// oneOf holds a word to an enumeration.
func oneOf(value, member string, allowed ...string) error {
	if slices.Contains(allowed, value) {
		return nil
	}
	return violates(value, member, "satisfy enum value set: [%s]", strings.Join(allowed, ", "))
}
