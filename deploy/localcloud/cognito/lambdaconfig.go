package cognito

import "regexp"

// lambdaConfig names a pool's triggers (API Reference, LambdaConfigType). Two are called; a call that would need
// another one that is set is refused by that trigger's name.
type lambdaConfig struct {
	PreSignUp        string `json:",omitempty"`
	PostConfirmation string `json:",omitempty"`

	CustomEmailSender document `json:",omitempty" kept:"a call that would send a message is refused"`
	CustomMessage     string   `json:",omitempty" kept:"a call that would send a message is refused"`
	CustomSMSSender   document `json:",omitempty" kept:"a call that would send a message is refused"`
	InboundFederation document `json:",omitempty" kept:"a federated sign-in is refused"`
	UserMigration     string   `json:",omitempty" kept:"a forgotten password of somebody unknown is refused"`

	CreateAuthChallenge         string   `json:",omitempty" kept:"nobody signs in"`
	DefineAuthChallenge         string   `json:",omitempty" kept:"nobody signs in"`
	KMSKeyID                    string   `json:",omitempty" kept:"it is for CustomEmailSender and CustomSMSSender"`
	PostAuthentication          string   `json:",omitempty" kept:"nobody signs in"`
	PreAuthentication           string   `json:",omitempty" kept:"nobody signs in"`
	PreTokenGeneration          string   `json:",omitempty" kept:"there are no tokens"`
	PreTokenGenerationConfig    document `json:",omitempty" kept:"there are no tokens"`
	VerifyAuthChallengeResponse string   `json:",omitempty" kept:"nobody signs in"`
}

// The triggers that this fake calls, by their names in a LambdaConfig.
const (
	preSignUpTrigger        = "PreSignUp"
	postConfirmationTrigger = "PostConfirmation"
)

// arnPattern is the one of the API Reference, LambdaConfigType.
var arnPattern = regexp.MustCompile(`^arn:[\w+=/,.@-]+:[\w+=/,.@-]+:([\w+=/,.@-]*)?:[0-9]+:[\w+=/,.@-]+(:[\w+=/,.@-]+)?(:[\w+=/,.@-]+)?$`)

// check holds the ARNs to their pattern.
func (c *lambdaConfig) check() error {
	for _, trigger := range []struct{ name, arn string }{
		{preSignUpTrigger, c.PreSignUp}, {postConfirmationTrigger, c.PostConfirmation},
		{"CustomMessage", c.CustomMessage}, {"UserMigration", c.UserMigration},
	} {
		if trigger.arn != "" && !arnPattern.MatchString(trigger.arn) {
			return violates(trigger.arn, "lambdaConfig."+trigger.name, "satisfy regular expression pattern: %s", arnPattern)
		}
	}
	return nil
}

// checkMessages refuses a call that sends a message when the pool wants to word or send messages itself.
func (c *lambdaConfig) checkMessages() error {
	switch {
	case c.CustomMessage != "":
		return noTrigger("CustomMessage")
	case c.CustomEmailSender != nil:
		return noTrigger("CustomEmailSender")
	case c.CustomSMSSender != nil:
		return noTrigger("CustomSMSSender")
	}
	return nil
}

func noTrigger(name string) error {
	return unsupported("the local cloud does not offer LambdaConfig." + name + ", which this call would have to run")
}
