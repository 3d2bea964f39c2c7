package enrichtest

// What the tests of the tests look at: they can't let a test fail to see whether it does.
var (
	Unlisted  = unlisted
	Unproven  = unproven
	UsedCodes = usedCodes
)
