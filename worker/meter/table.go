package meter

// Kind is what a number means over time.
type Kind string

// The kinds.
const (
	Counter   Kind = "counter"   // only grows; what counts is its growth
	Gauge     Kind = "gauge"     // what is now
	Histogram Kind = "histogram" // how many observations of which size
)

// Metric is one row of the table.
type Metric struct {
	Name    string
	Kind    Kind
	Unit    string    // as CloudWatch writes it: Count, Seconds, Count/Second, None
	Labels  []string  // names, in the order in which values are given
	Help    string    // one sentence, without a full stop
	Buckets []float64 // upper bounds of a Histogram, in its unit
	Daemon  bool      // the daemon only: a function has nothing to count there
}

// The names of all metrics. Each has its row in Table.
const (
	runsTotal        = "postconfirm_runs_total"
	deliveriesTotal  = "postconfirm_deliveries_total"
	stepSeconds      = "postconfirm_step_seconds"
	attemptsTotal    = "postconfirm_step_attempts_total"
	triesTotal       = "postconfirm_tries_total"
	throttlesTotal   = "postconfirm_throttles_total"
	writeBudget      = "postconfirm_write_budget_per_second"
	breakerOpen      = "postconfirm_breaker_open"
	oldestUnfinished = "postconfirm_oldest_unfinished_seconds"
	ledgerRuns       = "postconfirm_ledger_runs"
	ledgerSeconds    = "postconfirm_ledger_seconds"
	queueCallsTotal  = "postconfirm_queue_calls_total"
	receivedTotal    = "postconfirm_received_messages_total"
	mailEventsTotal  = "postconfirm_mail_events_total"
	inFlight         = "postconfirm_in_flight_messages"
	hiddenMessages   = "postconfirm_hidden_messages"
	reconciledTotal  = "postconfirm_reconciled_users_total"
	buildInfo        = "postconfirm_build_info"
)

// Table is every metric that there is, in the order of the docs. Both faces are made from it, and METRICS.md.
func Table() []Metric {
	calls := []float64{0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 60}
	disk := []float64{0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5, 15}
	return []Metric{
		{Name: runsTotal, Kind: Counter, Unit: "Count", Labels: []string{"outcome"},
			Help: "Runs that ended: done, parked for a person, or of a user who is gone"},
		{Name: deliveriesTotal, Kind: Counter, Unit: "Count", Labels: []string{"outcome", "reason"},
			Help: "Messages handled, by what became of them and why; outcome retry was charged, released was not"},
		{Name: oldestUnfinished, Kind: Gauge, Unit: "Seconds",
			Help: "Age of the oldest run that was begun and has not ended, 0 if there is none; the queue's own age metric is blind after three receives"},
		{Name: ledgerRuns, Kind: Gauge, Unit: "Count", Labels: []string{"state"},
			Help: "Runs in the ledger by state, as far as the ledger counts it"},
		{Name: stepSeconds, Kind: Histogram, Unit: "Seconds", Labels: []string{"step", "class", "outcome"}, Buckets: calls,
			Help: "Time of a step in one delivery, with its tries and the waits between them"},
		{Name: attemptsTotal, Kind: Counter, Unit: "Count", Labels: []string{"step"},
			Help: "Charged attempts: deliveries in which the step really tried and failed"},
		{Name: triesTotal, Kind: Counter, Unit: "Count", Labels: []string{"step"},
			Help: "Calls that steps made, repeats within one delivery included"},
		{Name: throttlesTotal, Kind: Counter, Unit: "Count", Labels: []string{"dependency"},
			Help: "Calls of steps that the other side put off: a rate limit, or a permission that is missing"},
		{Name: breakerOpen, Kind: Gauge, Unit: "None", Labels: []string{"dependency"},
			Help: "1 while the dependency is thought sick and left alone, else 0"},
		{Name: writeBudget, Kind: Gauge, Unit: "Count/Second",
			Help: "Cognito writes that this process allows itself; below the pipeline's limit after a throttle"},
		{Name: ledgerSeconds, Kind: Histogram, Unit: "Seconds", Labels: []string{"operation", "outcome"}, Buckets: disk,
			Help: "Time of the ledger's operations"},
		{Name: queueCallsTotal, Kind: Counter, Unit: "Count", Labels: []string{"operation", "outcome"}, Daemon: true,
			Help: "Calls to the queue; a delete is a batch, and fails if one message of it does"},
		{Name: receivedTotal, Kind: Counter, Unit: "Count", Daemon: true,
			Help: "Messages received, those that came again included"},
		{Name: mailEventsTotal, Kind: Counter, Unit: "Count", Labels: []string{"event", "outcome"},
			Help: "Events of SES about mails, by what they tell and what became of them; none without --ses-events"},
		{Name: inFlight, Kind: Gauge, Unit: "Count", Daemon: true,
			Help: "Messages that are worked on now"},
		{Name: hiddenMessages, Kind: Gauge, Unit: "Count", Daemon: true,
			Help: "Messages that this process hid and that have not come back yet"},
		{Name: reconciledTotal, Kind: Counter, Unit: "Count", Labels: []string{"outcome"}, Daemon: true,
			Help: "Users of the pools whom the scheduled reconciliation found without a run, and those of them that it put on the queue"},
		{Name: buildInfo, Kind: Gauge, Unit: "None", Labels: []string{"version", "goversion", "pipeline"}, Daemon: true,
			Help: "Always 1; says which program runs which pipeline file, by the start of the file's hash"},
	}
}

// Label is what a label's values can be.
type Label struct {
	Name   string
	Values string
}

// Labels are all labels of the table and what bounds their values.
func Labels() []Label {
	return []Label{
		{"outcome", "of runs: `done` `parked` `gone`; of deliveries also `retry` `released` `duplicate` `poison`; of steps: `done` `not-found` `default` " +
			"`unchanged` (nothing to write) `failed` `skipped` `unknown` `retry` `throttled` `held` (no call was made); of the ledger: `ok` `busy` " +
			"`lease_lost` `error`; of the queue: `ok` `error`; of mail events: `done` and `failed` (an open effect was settled) `known` `stale` `later` and `error` (it comes " +
			"back) `unknown_run` `foreign` `unreadable`; of the reconciliation: `found` `sent`"},
		{"event", "`send` `delivery_delay` `delivery` `bounce` `complaint` `reject` `rendering_failure` `other`"},
		{"reason", "`none`, the worker's own reasons, and the first 50 codes of connectors and of AWS that come; what comes after them, or is no short word, is `other`"},
		{"state", "`open` `parked` `done` `gone` `replaced`"},
		{"step", "ids of the pipeline file, and `attributes`"},
		{"class", "`unsafe` `verifiable` `keyed` `idempotent` `read`"},
		{"dependency", "connector and host, as the pipeline file has them: `http:api.example.com`; and `cognito:write`; `cognito:read` has a breaker only"},
		{"operation", "of the ledger: `claim` `save` `written` `overview`; of the queue: `receive` `delete` `hide`"},
		{"version", "of the program"},
		{"goversion", "of the compiler"},
		{"pipeline", "the first 12 characters of the file's SHA-256"},
	}
}
