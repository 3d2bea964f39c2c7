package sqs

import (
	"encoding/json"
	"regexp"
	"strings"
	"unicode/utf8"
)

// maxMessageSize bounds one message and one batch, in bytes, attributes included (SQS API Reference, SendMessage).
const maxMessageSize = 1 << 20

// text is a string as it came in. Go's decoder quietly replaces half a surrogate pair by U+FFFD, which SQS would let
// through; so text remembers that it was there.
type text struct {
	value  string
	broken bool
	set    bool
}

// UnmarshalJSON decodes a JSON string; null leaves the text unset.
func (t *text) UnmarshalJSON(raw []byte) error {
	if string(raw) == "null" {
		return nil
	}
	t.set = true
	t.broken = halfSurrogate(raw)
	return json.Unmarshal(raw, &t.value)
}

// legal tells whether SQS takes the text: XML's characters only (SQS API Reference, SendMessage).
func (t *text) legal() bool {
	return !t.broken && !strings.ContainsFunc(t.value, func(r rune) bool { return !xmlCharacter(r) })
}

func xmlCharacter(r rune) bool {
	switch {
	case r == '\t', r == '\n', r == '\r':
		return true
	case r < 0x20, r > 0xD7FF && r < 0xE000, r == 0xFFFE, r == 0xFFFF, r > utf8.MaxRune:
		return false
	}
	return true
}

// halfSurrogate tells whether a JSON string has a \uD800–\uDFFF escape without its other half.
func halfSurrogate(raw []byte) bool {
	for i := 0; i+1 < len(raw); i++ {
		if raw[i] != '\\' {
			continue
		}
		i++
		if raw[i] != 'u' {
			continue
		}
		switch half(raw, i-1) {
		case 'h':
			if half(raw, i+5) != 'l' {
				return true
			}
			i += 10
		case 'l':
			return true
		}
	}
	return false
}

// half tells a high (h) or low (l) surrogate escape at raw[i:], or 0.
func half(raw []byte, i int) byte {
	if i+6 > len(raw) || raw[i] != '\\' || raw[i+1] != 'u' || raw[i+2]|0x20 != 'd' {
		return 0
	}
	switch c := raw[i+3] | 0x20; {
	case c == '8', c == '9', c == 'a', c == 'b':
		return 'h'
	case c >= 'c' && c <= 'f':
		return 'l'
	}
	return 0
}

// attributeInput is a message attribute as it comes in.
type attributeInput struct {
	DataType         string
	StringValue      text
	BinaryValue      []byte
	StringListValues []string `invalid:"AWS refuses lists, too"`
	BinaryListValues [][]byte `invalid:"AWS refuses lists, too"`
}

// attribute is a message attribute as it is kept and given out.
type attribute struct {
	DataType    string
	StringValue *string `json:",omitempty"`
	BinaryValue []byte  `json:",omitempty"`
}

// value is the attribute's value as bytes.
func (a attribute) value() []byte {
	if a.StringValue != nil {
		return []byte(*a.StringValue)
	}
	return a.BinaryValue
}

// maxAttributes is how many attributes a message may have (SQS Developer Guide, "Message metadata").
const maxAttributes = 10

// readAttributes checks the attributes of a message by the rules of the SQS Developer Guide, "Message metadata".
func readAttributes(in map[string]attributeInput) (map[string]attribute, error) {
	if len(in) == 0 {
		return nil, nil
	}
	if len(in) > maxAttributes {
		return nil, invalidValue("Number of message attributes [%d] exceeds the allowed maximum [%d].", len(in), maxAttributes)
	}
	out := make(map[string]attribute, len(in))
	for name, a := range in {
		if err := checkAttributeName(name); err != nil {
			return nil, err
		}
		checked, err := readAttribute(name, a)
		if err != nil {
			return nil, err
		}
		out[name] = checked
	}
	return out, nil
}

func checkAttributeName(name string) error {
	lower := strings.ToLower(name)
	switch {
	case name == "" || len(name) > 256:
		return invalidValue("Message (user) attribute names must be between 1 and 256 bytes long.")
	case strings.ContainsFunc(name, func(r rune) bool { return !wordCharacter(r) && r != '.' }):
		return invalidValue("Message (user) attributes name can only contain upper and lower score characters, digits, periods, hyphens and underscores.")
	case strings.HasPrefix(lower, "aws.") || strings.HasPrefix(lower, "amazon."):
		return invalidValue("You can't use message attribute names beginning with 'AWS.' or 'Amazon.'. These strings are reserved for internal use.")
	case name[0] == '.' || name[len(name)-1] == '.' || strings.Contains(name, ".."):
		return invalidValue("Message (user) attribute names can't start or end with a period, or have periods in succession.")
	}
	return nil
}

// decimal is what the Number type takes.
var decimal = regexp.MustCompile(`^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?$`)

func readAttribute(name string, a attributeInput) (attribute, error) {
	kind, _, _ := strings.Cut(a.DataType, ".")
	switch {
	case a.DataType == "":
		return attribute{}, invalidValue("The message attribute '%s' must contain a non-empty message attribute type.", name)
	case len(a.DataType) > 256:
		return attribute{}, invalidValue("Message (user) attribute types must be shorter than 256 Bytes")
	case len(a.StringListValues)+len(a.BinaryListValues) > 0:
		return attribute{}, invalidValue("Message attribute list values in SendMessage operation are not supported.")
	case kind == "Binary":
		if len(a.BinaryValue) == 0 || a.StringValue.set {
			return attribute{}, emptyAttribute(name, kind)
		}
		return attribute{DataType: a.DataType, BinaryValue: a.BinaryValue}, nil
	case kind == "String" || kind == "Number":
		return readText(name, kind, a)
	}
	return attribute{}, invalidValue("The type of message (user) attribute '%s' is invalid. You must use only the "+
		"following supported type prefixes: Binary, Number, String.", name)
}

func readText(name, kind string, a attributeInput) (attribute, error) {
	switch {
	case a.StringValue.value == "" || a.BinaryValue != nil:
		return attribute{}, emptyAttribute(name, kind)
	case !a.StringValue.legal():
		return attribute{}, invalidValue("%s", invalidContents().Message)
	case kind == "Number" && !decimal.MatchString(a.StringValue.value):
		return attribute{}, invalidValue("Could not cast message (user) attribute '%s' value to number.", name)
	}
	return attribute{DataType: a.DataType, StringValue: &a.StringValue.value}, nil
}

func emptyAttribute(name, kind string) error {
	return invalidValue("Message (user) attribute '%s' must contain a non-empty value of type '%s'.", name, kind)
}

// readTrace takes the one system attribute there is, which must be a String and is not counted as size.
func readTrace(in map[string]attributeInput) (string, error) {
	for name, a := range in {
		if name != "AWSTraceHeader" {
			return "", invalidValue("Message system attribute name '%s' is invalid.", name)
		}
		if a.DataType != "String" {
			return "", invalidValue("The type of message system attribute 'AWSTraceHeader' is invalid. You must use only the type String.")
		}
		if _, err := readText(name, "String", a); err != nil {
			return "", err
		}
	}
	return in["AWSTraceHeader"].StringValue.value, nil
}

// validGroup holds a MessageGroupId to 1–128 letters, digits and punctuation marks (SQS API Reference, SendMessage).
func validGroup(id string) bool {
	return id != "" && len(id) <= 128 && !strings.ContainsFunc(id, func(r rune) bool { return r <= ' ' || r > '~' })
}

// size is what counts against the limits: body, attribute names, types and values, in bytes.
func size(body string, attributes map[string]attribute) int {
	n := len(body)
	for name, a := range attributes {
		n += len(name) + len(a.DataType) + len(a.value())
	}
	return n
}
