//go:build !race

package sqsout

// invocations are those of each broken SQS.
const invocations = 1000
