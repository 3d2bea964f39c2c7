package main

const (
	workers = "./worker"
	files   = "./worker/sqlite"
	tables  = "./worker/dynamo"
	events  = "./worker/mailevents"
	replays = "./worker/replay"
)

// mutants are the promises of the run engine and of the ledgers, each broken in one place.
var mutants = []mutant{
	{
		name: "an effect that must not be repeated has a durable intent first",
		file: "worker/step.go", old: "if s.Class < enrich.Idempotent {\n\t\tif err := e.intend", new: "if false {\n\t\tif err := e.intend",
		in: workers, proof: "TestTheLedgerIsTheTruth|TestTheFailureTable|TestAUserIsEnriched",
	},
	{
		name: "an unsafe effect whose intent is found open is not repeated",
		file: "worker/intent.go", old: "case w.repeats(id):", new: "case true:",
		in: workers, proof: "TestTheLedgerIsTheTruth|TestTheFailureTable",
	},
	{
		name: "an unsafe effect whose answer is lost is not repeated",
		file: "worker/step.go", old: "err = fmt.Errorf(\"%w: %w\", errOnce, err)", new: "err = fmt.Errorf(\"%w\", err)",
		in: workers, proof: "TestTheFailureTable",
	},
	{
		name: "nobody looks for an effect while its call may be under way",
		file: "worker/verify.go", old: "wait > 0 {", new: "wait > 0 && false {",
		in: workers, proof: "TestAnEffectThatCanBeLookedUp",
	},
	{
		name: "a key that the other side has forgotten is not used again",
		file: "worker/verify.go", old: "return s.Class == enrich.Keyed &&", new: "return false && s.Class == enrich.Keyed &&",
		in: workers, proof: "TestAKeyThatIsForgotten",
	},
	{
		name: "a message is deleted only after the ledger has the final state",
		file: "worker/handle.go", old: "if err != nil {\n\t\treturn w.unsaved(h, err)\n\t}\n\tv.Delete = true", new: "_ = err\n\tv.Delete = true",
		in: workers, proof: "TestNoMessageGoesBeforeTheLedgerKnows",
	},
	{
		name: "the source stays while its dead letter can't be sent",
		file: "worker/park.go", old: "if err := w.ports.DeadLetters.Send(ctx, l); err != nil {", new: "if err := w.ports.DeadLetters.Send(ctx, l); err != nil && false {",
		in: workers, proof: "TestTheFailureTable|TestTheLedgerIsTheTruth|TestBodiesThatAreNoMessage",
	},
	{
		name: "a throttle is nobody's attempt",
		file: "worker/step.go", old: "if f.Kind == enrich.Throttled || f.Kind", new: "if f.Kind",
		in: workers, proof: "TestTheFailureTable|TestMatrixB2TheQueue",
	},
	{
		name: "an outage is nobody's attempt",
		file: "worker/dependency.go", old: "return len(d.failing) >= sickAfter", new: "return false",
		in: workers, proof: "TestASickVendor",
	},
	{
		name: "a brown-out is neither amplified nor anybody's attempt",
		file: "worker/repeats.go", old: "r.left--", new: "_ = r.left",
		in: workers, proof: "TestABrownOutIsNotAmplified",
	},
	{
		name: "an older answer never overwrites a newer one",
		file: "worker/patch.go", old: "case observed.Before(before.Observed) && !ours:", new: "case false:",
		in: workers, proof: "TestWhatIsOlderNeverOverwritesWhatIsNewer",
	},
	{
		name: "how new a value is stands in the ledger before the value stands in the pool",
		file: "worker/writeback.go", old: "if !others || len(p.values) == 0 {", new: "if others = false; !others {",
		in: workers, proof: "TestWhatIsOlderNeverOverwritesWhatIsNewer",
	},
	{
		name: "nothing is written to another person of the same name",
		file: "worker/handle.go", old: "case user.Sub != m.Sub:", new: "case false:",
		in: workers, proof: "TestTheFailureTable",
	},
	{
		name: "no call starts that the lease can't cover",
		file: "worker/hold.go", old: "return h.extend(ctx, max(h.worker.options.Lease, need+margin))", new: "return nil",
		in: workers, proof: "TestALeaseThatCannotBeKeptIsGivenUpBeforeAnybodyElseStarts|TestMatrixB2Leases",
	},
	{
		name: "work is cut when its lease has ended",
		file: "worker/hold.go", old: "h.lost(ErrLeaseLost)\n\t\t\treturn\n", new: "return\n",
		in: workers, proof: "TestALeaseThatCannotBeKeptIsGivenUpBeforeAnybodyElseStarts|TestMatrixB2Leases",
	},
	{
		name: "a condition is decided once",
		file: "worker/step.go", old: "if record.If == nil {", new: "if true {",
		in: workers, proof: "TestAConditionIsDecidedOnce",
	},
	{
		name: "a run that crashes its workers is set aside",
		file: "worker/handle.go", old: "case run.Crashes >= w.options.Crashes:", new: "case false:",
		in: workers, proof: "TestTheFailureTable|TestTheLedgerIsTheTruth",
	},
	{
		name: "what was asked before is not asked again",
		file: "worker/step.go", old: "if record.State.Terminal() {\n\t\treturn\n\t}\n\tif !e.ready", new: "if !e.ready",
		in: workers, proof: "TestTheFailureTable|TestTheLedgerIsTheTruth|TestAReopenedRun",
	},
	{
		name: "SQLite: a save with an old fence is refused",
		file: "worker/sqlite/statements.go", old: "func (s *statements) save(changed row) error {\n\tstored, ok, err := find(s.find, changed.key)\n\tif err != nil {\n\t\treturn err\n\t}\n\tif !ok || stored.fence != changed.fence {", new: "func (s *statements) save(changed row) error {\n\tstored, ok, err := find(s.find, changed.key)\n\tif err != nil {\n\t\treturn err\n\t}\n\tif !ok {",
		in: files, proof: "TestLedgerKeepsThePortsPromises",
	},
	{
		name: "SQLite: a lease that ended without being given back counts as a crash",
		file: "worker/sqlite/claim.go", old: "v.crashes++", new: "_ = v.crashes",
		in: files, proof: "TestLedgerKeepsThePortsPromises",
	},
	{
		name: "SQLite: what was acknowledged is on the disk",
		file: "worker/sqlite/conn.go", old: "PRAGMA synchronous=FULL;", new: "PRAGMA synchronous=OFF;",
		in: files, proof: "TestWhatWasAcknowledgedSurvivesPowerLoss",
	},
	{
		name: "DynamoDB: the own success whose answer was lost is recognised",
		file: "worker/dynamo/request.go", old: "done: found != nil && found.token == v.token", new: "done: false",
		in: tables, proof: "TestAWriteWhoseAnswerIsLostIsLookedUpOnce",
	},
	{
		name: "one writer of a person at a time, whatever the generation (SQLite)",
		file: "worker/sqlite/claim.go", old: "err == nil && held > 0 {", new: "err == nil && held > 0 && false {",
		in: files, proof: "TestLedgerKeepsThePortsPromises",
	},
	{
		name: "neighbours of a crash loop are not parked with it",
		file: "worker/suspect.go", old: "if crashes == 0 || crashes < w.options.Crashes-1 {", new: "if true {",
		in: workers, proof: "TestSuspectsHaveTheirTurns",
	},
	{
		name: "a write is addressed to the person, not to a name that somebody else may have by now",
		file: "worker/ports.go", old: "return u.Sub\n}", new: "return u.Username\n}",
		in: workers, proof: "TestAWriteNeverMeetsWhoTookOverAName",
	},
	{
		name: "a run that ends flags what it leaves open",
		file: "worker/park.go", old: "w.settleIntents(r)", new: "_ = r",
		in: workers, proof: "TestNobodyEndsARunWithAnOpenEffectThatIsNotFlagged",
	},
	{
		name: "a reopened run fails again as a new one: all its attempts",
		file: "worker/reopen.go", old: "s.State, s.Outcome = StepOpen, \"\"", new: "_ = s",
		in: workers, proof: "TestAReopenedRun",
	},
	{
		name: "a vendor that is not ready is no busy one",
		file: "worker/dependency.go", old: "f.Kind == enrich.Throttled && !f.Pending()", new: "f.Kind == enrich.Throttled",
		in: workers, proof: "TestAVendorThatIsNotReady",
	},
	{
		name: "what a connector remembers costs no call",
		file: "worker/step.go", old: "return a, known\n", new: "return a, false\n",
		in: workers, proof: "TestWhatAConnectorRemembers",
	},
	{
		name: "workers together keep the write budget",
		file: "worker/slices.go", old: "if end.Before(a.Now) {", new: "if true {",
		in: workers, proof: "TestManyWorkersShareOneBudget",
	},
	{
		name: "a damaged record is never taken for a run",
		file: "worker/sqlite/record.go", old: "if !bytes.Equal(v.sum, v.checksum()) {", new: "if !bytes.Equal(v.sum, v.checksum()) && false {",
		in: files, proof: "TestTheSumCoversEveryColumn|TestListGivesWhatIsSoundBesideTheError",
	},
	{
		name: "DynamoDB: a save with an old fence is refused",
		file: "worker/dynamo/request.go", old: "aws.String(\"#fence = :fence\")", new: "aws.String(\"attribute_exists(#fence)\")",
		in: tables, proof: "Test",
	},
	{
		name: "an event of SES leaves a run to the worker that may be at it",
		file: "worker/mailevents/judge.go", old: "case r.State == worker.Open:", new: "case r.State == worker.Open && false:",
		in: events, proof: "TestAnEventOfAnOpenRunComesBack",
	},
	{
		name: "an event of SES is deleted only after the ledger holds what it says",
		file: "worker/mailevents/mailevents.go", old: "if err != nil {\n\t\t\t\toutcome = Failing", new: "if err != nil && false {\n\t\t\t\toutcome = Failing",
		in: events, proof: "TestALedgerInTroubleLosesNoEvent",
	},
	{
		name: "events of SES end the same in any order",
		file: "worker/mailevents/judge.go", old: "&& e.Kind.weight() > weightOf(s.Code)", new: "&& weightOf(s.Code) > 0",
		in: events, proof: "TestEventsInAnyOrderEndTheSame",
	},
	{
		name: "an event of SES about an earlier mail settles nothing",
		file: "worker/mailevents/judge.go", old: "case e.stale(record):", new: "case e.stale(record) && false:",
		in: events, proof: "TestWhatIsKnownStays",
	},
	{
		name: "an effect is not settled while its worker may be at it",
		file: "worker/settle.go", old: "s.State == StepIntent && r.State != Open", new: "s.State == StepIntent",
		in: workers, proof: "TestWhatIsNoOpenEffectIsNotSettled",
	},
	{
		name: "a replay leaves a run alone that somebody else reopened",
		file: "worker/replay/plan.go", old: "case r.Reopens == e.Reopens && r.State == e.State:", new: "case r.State == e.State:",
		in: replays, proof: "TestAPlanIsRun|TestRow96",
	},
	{
		name: "a run that a killed replay reopened gets its message",
		file: "worker/replay/plan.go", old: "return woken", new: "return over",
		in: replays, proof: "TestRow97|TestLedgerAndQueueInTrouble",
	},
	{
		name: "a replay's cursor moves only behind messages that were sent",
		file: "worker/replay/batch.go", old: "if err := r.send(calm, b.bodies); err != nil {", new: "if err := r.send(calm, b.bodies); err != nil && false {",
		in: replays, proof: "TestRow97|TestLedgerAndQueueInTrouble",
	},
	{
		name: "a replay counts each run once",
		file: "worker/replay/batch.go", old: "if p.Cursor >= behind {", new: "if p.Cursor = min(p.Cursor, first); false {",
		in: replays, proof: "TestRow96|TestRow97",
	},
	{
		name: "a replay repeats unsafe effects only if that is said twice",
		file: "worker/replay/rules.go", old: "p.Steps[i].Class < enrich.Keyed && !r.Unsafe", new: "false",
		in: replays, proof: "TestWhatAPlanRefuses",
	},
	{
		name: "a replay from a step leaves finished unsafe effects alone",
		file: "worker/replay/rules.go", old: "from[s.ID] && s.Class >= enrich.Keyed", new: "from[s.ID]",
		in: replays, proof: "TestStepsThatAreDoneAnew",
	},
	{
		name: "a replay stops before a sick dependency",
		file: "worker/replay/watch.go", old: "2*most > all", new: "false",
		in: replays, proof: "TestRow99",
	},
}
