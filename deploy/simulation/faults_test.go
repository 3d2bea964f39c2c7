package simulation_test

// faults are the rows of the fault matrix that the simulation draws, by the names under which the worlds count them.
// The rows of one hop that are not here are held one by one elsewhere:
//
//   - B1, the trigger's own half (1, 2, 5–8, 10, 11, 14): package trigger; 13: nothing reads the pool yet.
//   - B2-20, 23, 24, 28, 30–32: worker/matrix_test.go. B2-29 happens in every world that has a function.
//   - B3-42, 44, 46, 48–50, and real SIGKILLs and SIGSTOPs: the tests that start processes. B3-45: storms_test.go.
//   - B4-53–58, 60, 62–65, the ledgers' own: their packages. Here a ledger that all workers share is ill.
//   - B5-68–71, 75–77, 79, 80, 84–87, what one answer means: the connectors' suite, worker/behaviour_test.go,
//     worker/refusal_test.go. B5-81, 90: storms_test.go.
func faults() map[string][]string {
	return map[string][]string{
		"B1-3 B1-4 sent twice, sent three times":            {"message twice", "message three times"},
		"B2-15 B2-16 B2-17 duplicates, reordering":          {"queue duplicates", "queue reorders"},
		"B2-18 B2-21 a stop longer than the lease":          {"stop"},
		"B2-19 ChangeMessageVisibility":                     troubles("ChangeMessageVisibility"),
		"B2-22 ReceiveMessage":                              troubles("ReceiveMessage"),
		"B2-25 B2-26 B2-27 DeleteMessageBatch":              troubles("DeleteMessageBatch"),
		"B3-33 to B3-38 killed at any crossing":             {"kill"},
		"B3-39 B3-40 B3-41 told to end":                     {"terminate"},
		"B3-43 a panic in a step":                           {"vendor panic", "vendor panic after"},
		"B3-47 clocks":                                      {"clock skew", "clock jump"},
		"B4-51 B4-61 no ledger":                             {"ledger down", "ledger error", "ledger slow"},
		"B4-52 done, and the ledger's answer lost":          {"ledger answer lost"},
		"B4-59 held by somebody else":                       {"message twice", "queue duplicates"},
		"B5-66 not sent":                                    {"vendor not sent", "vendor unreachable"},
		"B5-67 B5-78 sent, nobody knows":                    {"vendor lost before", "vendor lost after", "vendor hang", "vendor hang after", "vendor late", "vendor unclassified"},
		"B5-70 429":                                         {"vendor throttled", "vendor throttled with Retry-After"},
		"B5-72 503":                                         {"vendor refused", "vendor down"},
		"B5-74 permanent, not found, no answer at all":      {"vendor permanent", "vendor not found", "vendor unreadable"},
		"B5-81 B5-88 B5-90 AdminUpdateUserAttributes":       troubles("AdminUpdateUserAttributes"),
		"B5-90 AdminGetUser":                                troubles("AdminGetUser"),
		"B5-84 DescribeUserPool, which a process asks once": troubles("DescribeUserPool")[:2],
		"B5-82 B5-83 the user is gone, or another":          {"user deleted", "user re-created"},
		"B5-89 edits between":                               {"user edits own attribute", "user edits owned attribute"},
		"B6-92 poison, newer versions, a foreign pool":      {"poison body", "newer version", "foreign pool"},
		"B6-93 the queue of the dead letters":               troubles("SendMessage"),
	}
}

// troubles are all that can be wrong with an operation of the cloud.
func troubles(operation string) []string {
	return []string{"latency " + operation, "outage " + operation, "throttle " + operation, "error " + operation, "lost " + operation}
}
