package sizing

import (
	"fmt"
	"strings"
	"time"
)

// Page is SIZING.md.
func Page() string {
	var b strings.Builder
	p, q := Listed(), NewAccount()
	fmt.Fprintf(&b, preface, p.Date)
	b.WriteString("| design | a million users | each month |\n|---|---|---|\n")
	for _, d := range []struct {
		name string
		use  Use
	}{
		{"daemon, SQLite", Typical(false, false)},
		{"daemons, DynamoDB", Typical(false, true)},
		{"functions, DynamoDB", Typical(true, true)},
		{"the same, EMF off (`POSTCONFIRM_METRICS=off`)", without(Typical(true, true), func(u *Use) { u.Metrics = 0 })},
		{"the same, users come one by one", without(Typical(true, true), func(u *Use) { u.Batch, u.Metrics = 1, 0 })},
		{"the same, with the pre sign-up function", without(Typical(true, true), func(u *Use) { u.PreSignUp, u.Metrics = true, 0 })},
		{"the same, and one mail each", without(Typical(true, true), func(u *Use) { u.Mails, u.Metrics = 1, 0 })},
	} {
		users, monthly := Total(Cost(d.use, p, 1e6))
		fmt.Fprintf(&b, "| %s | $%.2f | $%.2f |\n", d.name, users, monthly)
	}
	b.WriteString("\nFunctions on DynamoDB, line by line:\n\n| | |\n|---|---|\n")
	for _, l := range Cost(Typical(true, true), p, 1e6) {
		each := ""
		if l.Monthly {
			each = " a month"
		}
		fmt.Fprintf(&b, "| %s | $%.2f%s |\n", l.What, l.Dollars, each)
	}
	fmt.Fprintf(&b, active, p.MAUEssentials, thousands(p.MAUEssentials*1e6))
	fmt.Fprintf(&b, quotas, q.UserCreation, q.SignUpRate(), q.UserUpdate, 100*q.Share(15), q.UserRead, q.UserList, thousands(q.UserList*q.PageUsers))
	for _, users := range []float64{1_000, 10_000, 100_000, 1_000_000} {
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", thousands(users), Drain(users, 15), Drain(users, 20), q.Walk(users, 5))
	}
	fmt.Fprintf(&b, beyond, q.Regions(60, 15), Concurrency(15, 2*time.Second))
	return b.String()
}

func without(u Use, change func(*Use)) Use {
	change(&u)
	return u
}

func thousands(n float64) string {
	s := fmt.Sprintf("%.0f", n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

const preface = `# What it costs, and how fast it can be

Made from the code: ` + "`go test ./deploy/sizing -update`" + ` writes this page, and the same test fails when it is old. Prices are AWS's list prices of
US East (N. Virginia), %s, without free tiers, data transfer and what your vendors charge. The use is what this project measured: one send, a
tenth of a receive and of a delete, one read and one write of the pool for a user; with DynamoDB 11 write units and 1.5 read units for three steps. Assumed,
since vendors and machines decide: 15 ms of a 128 MB trigger, and 0.4 s of a 256 MB worker function for a batch of ten users at once.

## A million users

`

const active = `
**Active users.** Cognito bills whoever is active in a month. Signing up makes a user active, so the worker's read and write add nothing for people who
have just confirmed. A **backfill or a reconcile of people who sleep makes them active**: $%.3f each on Essentials beyond the free ones, up to
$%s for a million. ` + "`reconcile` and `backfill`" + ` say so in their plans; looking for them (ListUsers) bills nobody.

**A NAT gateway** costs more than everything above: $32 a month and Region before the first byte. The worker needs one only in a private subnet. Cognito's
own VPC endpoint does not serve pools that have a domain.

`

const quotas = `## Quotas, for one account in one Region

| Cognito's quota | calls a second | means |
|---|---|---|
| UserCreation | %.0f, can be raised | %.0f sign-ups a second: SignUp and ConfirmSignUp are two calls |
| UserUpdate | %.0f, **can't be raised** | one write for each user; ` + "`cognito-writes: 15/s`" + ` leaves %.0f %% of it to people who edit their profile, and to admins |
| UserRead | %.0f, can be raised | one read for each user, besides whatever else reads |
| UserList | %.0f, **can't be raised** | reconcile looks at %s users a second at most |

One write for each user is the reason why this works at all: with two, enrichment could not keep up with sign-ups at their own quota.

How long a backlog takes, and a walk through the pool:

| users | at 15 writes/s | at 20 writes/s | reconcile's walk at 5 reads/s |
|---|---|---|---|
`

const beyond = `
## Beyond one Region's quota

UserUpdate is counted over all pools of an account in a Region, so more pools or more workers change nothing. What does: another account, or another
Region, each with its own pool, queue, table and worker. For 60 sign-ups a second that is %d of them. Sign-ups that come in waves need less: the queue
holds 14 days, and the wave is worked off at your limit. AWS also sells provisioned limits above the default ones.

## Daemon or functions?

- **A daemon with SQLite**: one machine, one file, the cheapest, the easiest to look into. Choose it when a machine's outage of some minutes is fine (users
  wait on the queue, nothing is lost), and back its disk up: the ledger is what keeps things from being done twice.
- **Daemons with DynamoDB**: where you have containers anyway. Several may run, come and go; they share the write budget by leases in the table. It is the face
  that can stop receiving when a vendor is sick, so outages cost least.
- **Functions with DynamoDB**: nothing to look after, and it scales to nothing. Waiting is billed, and a function can't stop receiving: messages for a sick vendor
  come back every 15 minutes until it is well. Keep MaximumConcurrency low: 15 users a second that take 2 s each need %d at the same time, and one
  invocation works on ten.

How many: ` + "`--in-flight`" + ` (64) of one daemon is more than the write budget can use unless a vendor takes longer than four seconds. A second daemon is for
availability. Memory: 256 MB for the function or container is ample; measured use stays below 100.

## Upgrade and rollback

Old and new workers may run side by side; the rules that make it so:

1. **Messages**: fields that a version does not know are kept and passed on. A message of a newer version is left alone by an old worker for an hour
   (so finish a rolling update within one), then becomes a dead letter, which ` + "`dlq redrive`" + ` brings back.
2. **The ledger** is read by newer versions. An SQLite file whose schema is newer than the program is refused at the start, with the version
   that is needed: keep a copy of the file before a step up, and go back to the copy and the old program together. Runs done meanwhile are then unknown to
   the copy: stop the worker first, and expect ` + "`at-least-once`" + ` steps to repeat for them. A table has no schema to raise.
3. **The pipeline file**: a run goes on with the file of the worker that has it. Steps are known by their ids, so a renamed step is a new step, done for everybody who is
   still open; a removed one is forgotten. The file's hash stands in the run.
4. **Order**: workers first, then the triggers. A trigger of an older version always sends what a newer worker reads; the other way round needs rule 1.
5. **Back**: point the alias ` + "`live`" + ` at the version before, or start the container of before. Nothing has to be undone in the queue.
`
