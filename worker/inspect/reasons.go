package inspect

import (
	"strings"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/event"
)

// Explanation is what a code means, and what to do.
type Explanation struct {
	Code    string `json:"code"`
	Meaning string `json:"meaning,omitempty"` // one sentence; "" of a code that nobody has described
	Do      string `json:"do,omitempty"`      // one sentence
}

// Explain says what the code of a run, a step, an attribute or a letter means: from the table of this package, else from
// the connectors' own, else from the family that it belongs to.
func (i *Inspector) Explain(code string) Explanation {
	for _, e := range Reasons() {
		if e.Code == code {
			return e
		}
	}
	for _, c := range i.Codes {
		if c.Code == code {
			return Explanation{code, c.Doc, doAbout(c.Kind)}
		}
	}
	if e, ok := family(code); ok {
		return e
	}
	return Explanation{Code: code}
}

// doAbout is what a kind of failure asks for.
func doAbout(kind enrich.FailureKind) string {
	switch kind {
	case enrich.Permanent:
		return "Mend what it names, in the pipeline file, the data or at the vendor, then replay."
	case enrich.Denied:
		return "Mend the permission or the credentials; the run goes on by itself."
	case enrich.Throttled:
		return "Nothing: the run waits, and nothing is charged."
	}
	return "See to the vendor; an open run is tried again by itself, a parked one with a replay."
}

// family explains codes of which there are many.
func family(code string) (Explanation, bool) {
	switch n := status(code); {
	case n >= 500:
		return Explanation{code, "The other side answered with this status: it could not do its work.", doAbout(enrich.Temporary)}, true
	case n >= 400:
		return Explanation{code, "The other side refused the request with this status.", doAbout(enrich.Permanent)}, true
	case n > 0:
		return Explanation{code, "The other side answered with a status that is none of success.", doAbout(enrich.Permanent)}, true
	}
	if step, ok := strings.CutPrefix(code, "needs_"); ok {
		return Explanation{code, "The step was skipped, because " + step + " was skipped for its failure.", "See to the step " + step + "."}, true
	}
	if state, ok := strings.CutPrefix(code, "sql_"); ok {
		return Explanation{code, "The database answered with the SQLSTATE " + state + ".", doAbout(enrich.Permanent)}, true
	}
	return Explanation{}, false
}

// Reasons are all codes that the worker itself gives, with one sentence what each means and one what to do: codes of
// runs and letters, of steps, of attributes, of the AWS services it calls, and of bodies that are no message.
func Reasons() []Explanation {
	var all []Explanation
	for _, table := range [][]Explanation{runReasons(), stepReasons(), attributeReasons(), awsReasons(), bodyReasons()} {
		all = append(all, table...)
	}
	return all
}

// wait is what to do about what passes by itself.
const wait = "Nothing: the run is tried again by itself, and nothing is charged."

func runReasons() []Explanation {
	return []Explanation{
		{"crash_loop", "The worker died three times while it worked on this run.", "Find the crash in the worker's log by the run key, mend it, then replay."},
		{"too_old", "The run was open for too long, or the queue was about to drop its message.", "See why it was not done in time; a replay gives it a fresh age."},
		{"pool_not_allowed", "The message names a pool that the pipeline file does not list, or another region than the pool's.", "List the pool in the pipeline file, or find out who sends such messages."},
		{"ledger_corrupt", "The ledger's record of this run is damaged, so nobody can say what was done already.", "Run postconfirm ledger verify, then ledger salvage."},
		{"dlq_unavailable", "The dead letter could not be sent; the message stays on the queue.", "See to the dead-letter queue and to the permission to send to it."},
		{"ledger_unavailable", "The ledger did not answer.", "See to the ledger: disk, table, permissions. The run is tried again by itself."},
		{"pipeline_unavailable", "An operator wants this run done with another pipeline file, which the worker can't have now.", "See to where old pipeline files are kept; the run waits."},
		{"lease_lost", "Another worker, or an operator, took the run meanwhile.", wait},
		{"busy", "Another worker holds this run, or another run of this person.", wait},
		{"draining", "The worker was asked to stop.", wait},
		{"deadline", "What was left to do did not fit into the rest of the Lambda invocation.", "Nothing; if it stays, give the function more time."},
		{"interrupted", "A call was cut, or the worker ended in the middle of it.", "If it is an open effect, look at the other side, then postconfirm resolve; else nothing."},
		{"panic", "Code of a step panicked.", "Find the place in the worker's log by the run key, and report it."},
		{"suspect_waits", "Runs that may have killed a worker are done one at a time, and this one waits for its turn.", wait},
		{"user_gone", "The pool has no such user any more.", "Nothing: there is nobody to write to."},
		{"user_replaced", "The user name belongs to another person now.", "Nothing: nothing is ever written to them."},
		{CodeNotInLedger, "The letter is a message, but this ledger has no run of it.", "Check that ledger and queue belong together; if they do, redrive the letter."},
	}
}

func stepReasons() []Explanation {
	return []Explanation{
		{"key_expired", "The other side may have forgotten the idempotency key of a call whose outcome nobody knows, so it was not repeated.", "Look at the other side, then postconfirm resolve."},
		{"effect_under_way", "A call may still be under way, so it is too early to look whether it happened.", wait},
		{"condition", "The step's condition was false.", "Nothing."},
		{"not_chosen", "The run's message chose other steps, so this one was left out.", "Nothing."},
		{"operator_sent", "An operator said that the effect happened.", "Nothing; the audit log says who, and why."},
		{"operator_not_sent", "An operator said that the effect did not happen.", "Replay the run to have it done."},
		{"condition_failed", "The step's condition could not be computed.", "Mend the expression in the pipeline file, then replay."},
		{"result_unreadable", "The step's answer can't be written as JSON.", "Report it to who keeps the connector."},
		{"result_too_large", "Expressions read more than 16 KiB of the step's answer.", "Read fewer fields in the pipeline file, then replay."},
		{"secret_unavailable", "A secret of the pipeline could not be read.", "See to the secret store; the run is tried again by itself."},
		{"vendor_asked_to_wait", "The vendor asked several users to wait, so it is left alone by all for a while.", wait},
		{"breaker_open", "The vendor is thought sick, so calls are kept away from it.", "See to the vendor; the runs go on by themselves."},
		{"rate_limit", "The step's own rate left no room.", wait},
		{"write_budget", "The pool's write budget left no room.", wait},
		{"not_found", "The other side says that there is no such thing: an answer, not a failure.", "Nothing."},
		{"pending", "The other side works on an answer.", wait},
		{"unclassified", "The connector gave an error without a class.", "See the worker's log by the run key."},
	}
}

func attributeReasons() []Explanation {
	const mend = "Mend the expression in the pipeline file, then replay."
	return []Explanation{
		{"newer_there", "Another run of this person has written a newer value.", "Nothing."},
		{"value_unreadable", "The attribute's expression could not be computed.", mend},
		{"not_in_schema", "The pool has no such attribute.", "Add the attribute to the pool, or take it out of the pipeline file."},
		{"immutable", "The pool does not let this attribute be changed.", "Take it out of the pipeline file."},
		{"not_utf8", "The value is no UTF-8 text.", mend},
		{"too_long", "The value is longer than the pool takes.", "Use truncate in the pipeline file, or mend the expression."},
		{"too_short", "The value is shorter than the pool takes.", mend},
		{"not_a_boolean", "The value is neither true nor false.", mend},
		{"not_a_number", "The value is no number.", mend},
		{"too_small", "The number is smaller than the pool takes.", mend},
		{"too_large", "The number is larger than the pool takes.", mend},
		{"attribute_rejected", "The pool refused this attribute.", "See the pool's rules for the attribute."},
		{"attributes_rejected", "The pool refused attributes and it could not be found out in 16 calls which.", "Compare the pool's rules with the pipeline file, then replay."},
	}
}

func awsReasons() []Explanation {
	return []Explanation{
		{"network", "AWS did not answer.", "See to the worker's way to AWS."},
		{"timeout", "The other side did not answer in time.", doAbout(enrich.Temporary)},
		{"dns", "The name of the other side was not resolved.", doAbout(enrich.Temporary)},
		{"no_credentials", "The worker has no AWS credentials.", doAbout(enrich.Denied)},
		{"access_denied", "AWS does not let the worker make this call.", doAbout(enrich.Denied)},
		{"not_authorized", "Cognito does not let the worker make this call.", doAbout(enrich.Denied)},
		{"too_many_requests", "Cognito asks to make fewer calls.", wait},
		{"resource_not_found", "The user pool does not exist.", "Compare the pool's id and region with the pipeline file."},
		{"internal_error", "AWS had a failure of its own.", doAbout(enrich.Temporary)},
	}
}

func bodyReasons() []Explanation {
	const who = "Find out who sends it; it will never be a message."
	return []Explanation{
		{string(event.BodyEmpty), "The body is empty.", who},
		{string(event.BodyTooLarge), "The body is larger than a message can be.", who},
		{string(event.BodyUndecodable), "The body is no JSON.", who},
		{string(event.BodySchema), "The body is JSON, but no message of postconfirm.", who},
		{string(event.EnvelopeUnknown), "The body is the envelope of another AWS service.", "Send the message itself to the queue (raw delivery), not by way of another service."},
		{string(event.VersionUnknown), "The message is of a newer version than the worker knows.", "Bring the worker up to date, then redrive."},
		{string(event.IdentityMissing), "The message does not say pool, user and sub.", who},
		{string(event.IdentityAmbiguous), "The message says something twice, so nobody knows who is meant.", who},
	}
}
