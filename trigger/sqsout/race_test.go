//go:build race

package sqsout

// invocations are those of each broken SQS. The race detector sees in a hundred what it would see in a thousand.
const invocations = 100
