package ses

// Greeting, CheckRecipient and Effect are tested by themselves, since their inputs are many.
var (
	Greeting       = greeting
	CheckRecipient = checkRecipient
	Effect         = effect
)
