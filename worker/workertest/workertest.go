// Package workertest holds the conformance suites for the ports of package worker: what their comments promise, as
// sentences that run. Whoever writes an adapter proves it with the suite of its port, the fakes of workertest/fake
// included.
//
//	func TestLedger(t *testing.T) {
//		workertest.Ledger(t, func(t *testing.T) workertest.LedgerHarness {
//			path := filepath.Join(t.TempDir(), "ledger.db")
//			…
//		})
//	}
//
// The suites promise to touch nothing but what the harness gives them, and to run each sentence on fresh data. That of
// the ledger needs no clock; that of the queue waits, and runs in virtual time or in real time as the harness likes.
package workertest
