package enrichtest_test

import (
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/postconfirm/postconfirm/enrich/enrichtest"
)

// sinner names the environment variable with the sin of the connector under test.
const sinner = "POSTCONFIRM_ENRICHTEST_SIN"

// TestSuite puts a connector through the suite: a good one, and, as a process of its own, each of the bad ones.
func TestSuite(t *testing.T) { enrichtest.Run(t, harness(os.Getenv(sinner))) }

func TestEverySinFailsItsSentence(t *testing.T) {
	for sin, sentence := range map[string]string{
		"leaks a secret in an error":             "no error or log shows a secret or a personal value",
		"leaks a secret in a log":                "no error or log shows a secret or a personal value",
		"ignores Retry-After":                    "Retry-After is honoured within bounds",
		"believes any Retry-After":               "Retry-After is honoured within bounds",
		"waits itself":                           "a refusal is not asked again",
		"loops on 4xx":                           "a refusal is not asked again",
		"makes up a key for each try":            "the same key twice is one effect",
		"sends an effect again after a reset":    "an effect is never sent twice",
		"has one key for all":                    "the effect key is the same on every try",
		"makes a key of the mail":                "the effect key is the same on every try",
		"takes garbage for an answer":            "hostile answers stay bounded",
		"trusts the shape of an answer":          "odd answers do no harm",
		"writes without its look-up":             "trouble on the way to the effect is told from trouble with it",
		"claims to read":                         "the declared class is true",
		"claims to verify":                       "the declared class is true",
		"follows redirects":                      "a redirect is not followed and carries no credentials",
		"takes every answer for a success":       "every status has its class",
		"does not classify":                      "every status has its class",
		"parks users for everything":             "a silent vendor is given up",
		"says that nothing was sent":             "a failure says whether the request left",
		"knows no not-found":                     "what is not found is an outcome",
		"ignores the cancellation":               "a cancelled call returns promptly",
		"gives back what it does not declare":    "only declared outputs are given",
		"gives back what expressions don't know": "what is found becomes the result",
		"leaves a goroutine behind":              "nothing is left behind on real sockets",
		"keeps no token":                         "a token is fetched once and renewed once/many calls at once fetch one",
		"fetches a token for each caller":        "a token is fetched once and renewed once/many calls at once fetch one",
		"never renews a token":                   "a token is fetched once and renewed once/a refused one is renewed, and the call goes on",
		"renews tokens for ever":                 "a token is fetched once and renewed once/when the new one is refused too, that stands",
	} {
		t.Run(sin, func(t *testing.T) {
			pattern := "^TestSuite$"
			for _, part := range strings.Split(sentence, "/") {
				pattern += "/^" + strings.ReplaceAll(part, " ", "_") + "$"
			}
			command := exec.CommandContext(t.Context(), os.Args[0], "-test.run", pattern, "-test.timeout", "60s")
			command.Env = append(os.Environ(), sinner+"="+sin)
			out, err := command.CombinedOutput()
			var exit *exec.ExitError
			if !errors.As(err, &exit) || !strings.Contains(string(out), "--- FAIL: TestSuite/"+strings.ReplaceAll(sentence, " ", "_")) {
				t.Errorf("the suite did not fail %q: %v\n%s", sentence, err, out)
			}
		})
	}
}
