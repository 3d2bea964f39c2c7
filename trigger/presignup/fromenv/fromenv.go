// Package fromenv makes the handler of the pre sign-up trigger from the variables of its function: the policy, and what
// it needs to ask the pool. cmd/presignup and the local cloud both do it with this.
//
// It promises to refuse a function that can't work before its first event, with everything that is wrong at once; a
// policy that asks nobody needs no Region and no credentials. It refuses a policy with a mistake as a whole: half a
// policy would let in whom the other half denies.
package fromenv

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/postconfirm/postconfirm/trigger/lambdaenv"
	"github.com/postconfirm/postconfirm/trigger/presignup"
	"github.com/postconfirm/postconfirm/trigger/presignup/listusers"
	"github.com/postconfirm/postconfirm/trigger/presignup/policyfile"
)

// variable is where the policy comes from.
const variable = "POSTCONFIRM_POLICY"

// Handler makes the handler.
//
//	POSTCONFIRM_POLICY   required: a path in the zip, or the document itself, which has more than one line or begins with {
//	LAMBDA_TASK_ROOT     what the path is relative to; the working directory
//	AWS_REGION           if a confirm rule asks the pool; AWS_DEFAULT_REGION after it
//	AWS_ACCESS_KEY_ID    with AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN, read anew for each request
//	AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER   for emulators; AWS_ENDPOINT_URL after it
//	AWS_IGNORE_CONFIGURED_ENDPOINT_URLS          true: neither of them counts
//
// log gets the handler's lines. The error has one line, or a block of them, for everything that can't be meant as it is.
func Handler(getenv func(string) string, log io.Writer) (*presignup.Handler, error) {
	e := &lambdaenv.Environment{Getenv: getenv}
	policy := policy(e)
	var guard presignup.Guard
	if policy == nil || policy.NeedsPool() {
		guard = listusers.New(e)
	}
	if err := e.Err(); err != nil {
		return nil, err
	}
	return presignup.New(policy, guard, &presignup.Options{Log: log}), nil
}

// policy reads the document; without one, e has the reason.
func policy(e *lambdaenv.Environment) *presignup.Policy {
	root := cmp.Or(e.Get("LAMBDA_TASK_ROOT"), ".")
	text := e.Get(variable)
	name, data, folder := variable, []byte(text), root
	switch {
	case text == "":
		e.Mistake(variable, "", "a path in the zip is meant, or the policy itself")
		return nil
	case !strings.ContainsAny(text, "\n{"):
		var err error
		path := within(root, text)
		name, folder = text, filepath.Dir(path)
		if data, err = read(path, policyfile.MaxFile); err != nil {
			e.Fail(fmt.Errorf("%s: read policy: %w", variable, err))
			return nil
		}
	}
	p, err := policyfile.Parse(name, data, &policyfile.Options{ReadFile: Beside(folder)})
	if err != nil {
		e.Fail(err)
	}
	return p
}

// Beside reads the files that a policy names, relative to its folder.
func Beside(folder string) func(path string) ([]byte, error) {
	return func(path string) ([]byte, error) { return read(within(folder, path), policyfile.MaxList) }
}

func within(folder, path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(folder, path)
}

// read reads a file of at most limit bytes, and one more by which a longer one shows.
func read(path string, limit int64) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(io.LimitReader(file, limit+1))
	return data, errors.Join(err, file.Close())
}
