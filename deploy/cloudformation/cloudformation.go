// Package cloudformation holds the CloudFormation templates against the rules of this house: template.yaml beside a pool
// that exists, with-pool.yaml for a stack that owns it, the second made from the first.
//
// It promises to notice what CloudFormation's own validator lets through: a right too many or too few, a wildcard, a
// flag without which messages are lost, a time that does not fit another, an alarm without a page, a page without an
// alarm, a circle of references. Checks has a name for each, and the seeded faults of the tests prove each.
//
// It refuses to guess: an intrinsic, a condition or a name that it does not know is an error. Read and Resolve are for
// whoever compares other deployments with these.
package cloudformation
