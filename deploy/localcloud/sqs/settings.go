package sqs

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"time"
)

// The attributes that have numbers for values, with what is allowed and what is the default
// (SQS API Reference, SetQueueAttributes). Seconds, but for the size, which is in bytes.
var numbers = map[string]struct{ least, most, usual int }{
	"DelaySeconds":                  {0, 900, 0},
	"MaximumMessageSize":            {1024, maxMessageSize, maxMessageSize},
	"MessageRetentionPeriod":        {60, 1_209_600, 345_600},
	"ReceiveMessageWaitTimeSeconds": {0, 20, 0},
	"VisibilityTimeout":             {0, maxVisibility, 30},
	"KmsDataKeyReusePeriodSeconds":  {60, 86_400, 300},
}

// maxVisibility is the longest time, in seconds, that a message may be hidden, all extensions counted.
const maxVisibility = 43_200

// settings are what SetQueueAttributes can change. It is a value: changes make a new one.
type settings struct {
	raw        map[string]string // as GetQueueAttributes tells them
	delay      time.Duration
	retention  time.Duration
	visibility time.Duration
	wait       time.Duration
	maxSize    int // bytes
	redrive    *redrivePolicy
	allow      *redriveAllowPolicy
}

func defaultSettings() settings {
	raw := map[string]string{"SqsManagedSseEnabled": "true"}
	for name, n := range numbers {
		if name != "KmsDataKeyReusePeriodSeconds" { // told only once it is set
			raw[name] = strconv.Itoa(n.usual)
		}
	}
	return settings{raw: raw}.read()
}

// with returns the settings after a change, or the typed error of the first attribute, by name, that is wrong.
func (c settings) with(changes map[string]string) (settings, error) {
	c.raw = maps.Clone(c.raw)
	for _, name := range slices.Sorted(maps.Keys(changes)) {
		if err := c.change(name, changes[name]); err != nil {
			return settings{}, err
		}
	}
	return c.read(), nil
}

func (c *settings) change(name, value string) error {
	if _, ok := numbers[name]; ok {
		return c.changeNumber(name, value)
	}
	switch name {
	case "RedrivePolicy":
		return c.changePolicy(name, value, func() (err error) { c.redrive, err = parseRedrive(value); return err })
	case "RedriveAllowPolicy":
		return c.changePolicy(name, value, func() (err error) { c.allow, err = parseRedriveAllow(value); return err })
	case "Policy":
		return c.changePolicy(name, value, func() error { return anyObject(name, value) })
	case "SqsManagedSseEnabled":
		return c.changeSSE(value)
	case "KmsMasterKeyId":
		c.changeKey(value)
		return nil
	case "FifoQueue":
		if value == "true" {
			return notOffered("FIFO queues (attribute FifoQueue)")
		}
	case "DeduplicationScope", "FifoThroughputLimit":
		return refuse("InvalidAttributeName", "InvalidAttributeName",
			"You can specify the %s only when FifoQueue is set to true.", name)
	}
	return unknownAttribute(name)
}

func (c *settings) changeNumber(name, value string) error {
	n, err := strconv.Atoi(value)
	if limit := numbers[name]; err != nil || n < limit.least || n > limit.most {
		return invalidAttribute(name)
	}
	c.raw[name] = strconv.Itoa(n)
	return nil
}

// changePolicy stores a JSON value without its white space; the empty string removes it.
func (c *settings) changePolicy(name, value string, parse func() error) error {
	if value == "" {
		c.forget(name)
		return nil
	}
	if err := parse(); err != nil {
		return err
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, []byte(value)); err != nil {
		return invalidAttribute(name)
	}
	c.raw[name] = compact.String()
	if name == "RedrivePolicy" {
		c.raw[name] = c.redrive.String()
	}
	return nil
}

func (c *settings) forget(name string) {
	delete(c.raw, name)
	switch name {
	case "RedrivePolicy":
		c.redrive = nil
	case "RedriveAllowPolicy":
		c.allow = nil
	}
}

func (c *settings) changeSSE(value string) error {
	if value != "true" && value != "false" {
		return invalidAttribute("SqsManagedSseEnabled")
	}
	c.raw["SqsManagedSseEnabled"] = value
	return nil
}

// changeKey keeps the name of a KMS key; only one kind of encryption is on at a time. Nothing is encrypted here.
func (c *settings) changeKey(id string) {
	if id == "" {
		c.forget("KmsMasterKeyId")
		return
	}
	c.raw["KmsMasterKeyId"], c.raw["SqsManagedSseEnabled"] = id, "false"
}

// read turns the numbers in raw, which are known to be numbers, into what the queue works with.
func (c settings) read() settings {
	number := func(name string) int { n, _ := strconv.Atoi(c.raw[name]); return n }
	c.delay = seconds(number("DelaySeconds"))
	c.retention = seconds(number("MessageRetentionPeriod"))
	c.visibility = seconds(number("VisibilityTimeout"))
	c.wait = seconds(number("ReceiveMessageWaitTimeSeconds"))
	c.maxSize = number("MaximumMessageSize")
	return c
}

func seconds(n int) time.Duration { return time.Duration(n) * time.Second }

func anyObject(name, value string) error {
	var object map[string]any
	if err := json.Unmarshal([]byte(value), &object); err != nil || object == nil {
		return invalidAttribute(name)
	}
	return nil
}
