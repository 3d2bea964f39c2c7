// Package terraform holds the Terraform module against the CloudFormation templates, and has no code of its own: the module
// are the files with the ending tf beside this one, its own tests are in tests, its examples in examples.
//
// The tests here read the module as Terraform does, with nothing but Go, and compute for each of several choices every
// resource that there would be. They promise that a deployment by Terraform equals one by CloudFormation: names, variables,
// times, memory, retention, alarms, rights, line by line; that both refuse the same values; that no circle closes when
// the pool calls the functions; and that a seeded mistake is noticed under the name of the check that must notice it.
//
// They refuse to guess: a function, a block or a reference that they don't know fails the test. What the provider itself thinks
// of a value is beyond them; what its schema thinks is checked by `make check-deploy-terraform`.
package terraform
