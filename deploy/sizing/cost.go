// Package sizing is the arithmetic of what a deployment costs and how fast it can be: list prices and quotas on one side,
// what this project was measured to use on the other. The page SIZING.md is made from it, so its figures can't drift.
//
// It promises nothing about your bill: prices are those of US East (N. Virginia) on the date of Prices, free tiers are left
// out, and what vendors charge is not in it.
package sizing

import "math"

// Prices are AWS list prices in US dollars.
type Prices struct {
	Date             string  // when they were looked up
	SQS              float64 // a million requests, standard queue
	FairGroups       float64 // a million requests with a message group on a standard queue, on top
	LambdaRequests   float64 // a million
	LambdaGBSecond   float64 // arm64
	DynamoWrites     float64 // a million write units, on demand
	DynamoReads      float64 // a million read units, on demand
	DynamoGBMonth    float64
	LogsGB           float64 // taken in
	CustomMetric     float64 // a month
	SESThousand      float64 // mails
	MAUEssentials    float64 // a monthly active user beyond the free ones
	SmallMachineHour float64 // a t4g.micro, for the daemon
}

// Listed are the prices that the page uses.
func Listed() Prices {
	return Prices{Date: "2026-11", SQS: 0.40, FairGroups: 0.10, LambdaRequests: 0.20, LambdaGBSecond: 0.0000133334, DynamoWrites: 0.625,
		DynamoReads: 0.125, DynamoGBMonth: 0.25, LogsGB: 0.50, CustomMetric: 0.30, SESThousand: 0.10, MAUEssentials: 0.015, SmallMachineHour: 0.0084}
}

// Use is what one user costs in units, as measured on the local cloud and in the benchmarks of this project, or as the
// design of a deployment makes it.
type Use struct {
	Lambda       bool    // the worker is a function, not a daemon
	Dynamo       bool    // the ledger is a table, not a file
	Fair         bool    // POSTCONFIRM_FAIR_QUEUES
	PreSignUp    bool    // the pre sign-up function too
	Batch        float64 // messages in one receive; 10 under load, 1 when users come one by one
	BatchMS      float64 // how long a batch takes a function: its users are worked on at the same time
	MemoryMB     float64 // of the worker function
	TriggerMS    float64 // billed, at TriggerMB
	TriggerMB    float64
	WriteUnits   float64 // of the table, for a user with three steps
	ReadUnits    float64
	LogBytes     float64 // of trigger and worker
	Metrics      float64 // custom metrics of EMF
	Mails        float64
	ReceivesIdle float64 // empty long polls of a month
}

// Typical is the use of the demo's three steps on a design.
func Typical(lambda, dynamo bool) Use {
	u := Use{Lambda: lambda, Dynamo: dynamo, Batch: 10, BatchMS: 400, MemoryMB: 256, TriggerMS: 15, TriggerMB: 128, WriteUnits: 11,
		ReadUnits: 1.5, LogBytes: 900, ReceivesIdle: 2 * 30 * 24 * 3600 / 20}
	if lambda {
		u.Metrics, u.ReceivesIdle = 22, 5*30*24*3600/20
	}
	return u
}

// Line is one line of a bill.
type Line struct {
	What    string
	Dollars float64
	Monthly bool // it costs that each month, however many users there are
}

// Cost is what so many users cost.
func Cost(u Use, p Prices, users float64) []Line {
	millions := users / 1e6
	gbSeconds := func(mb, ms float64) float64 { return mb / 1024 * ms / 1000 }
	requests := 1 + 2/math.Max(1, u.Batch) // sent, received, deleted
	lines := []Line{
		{What: "SQS: one send, a tenth of a receive and of a delete each", Dollars: millions * requests * p.SQS},
		{What: "trigger function", Dollars: millions*p.LambdaRequests + users*gbSeconds(u.TriggerMB, u.TriggerMS)*p.LambdaGBSecond},
		{What: "log lines", Dollars: users * u.LogBytes / 1e9 * p.LogsGB},
		{What: "SQS: long polls while nothing happens", Dollars: u.ReceivesIdle / 1e6 * p.SQS, Monthly: true},
	}
	add := func(when bool, what string, dollars float64, monthly bool) {
		if when {
			lines = append(lines, Line{what, dollars, monthly})
		}
	}
	batches := users / math.Max(1, u.Batch)
	add(u.PreSignUp, "pre sign-up function", millions*p.LambdaRequests+users*gbSeconds(u.TriggerMB, u.TriggerMS)*p.LambdaGBSecond, false)
	add(u.Fair, "SQS: message groups", millions*p.FairGroups, false)
	add(u.Lambda, "worker function", batches/1e6*p.LambdaRequests+batches*gbSeconds(u.MemoryMB, u.BatchMS)*p.LambdaGBSecond, false)
	add(!u.Lambda, "a small machine for the daemon", 30*24*p.SmallMachineHour, true)
	add(u.Dynamo, "DynamoDB: writes and reads of the ledger", millions*(u.WriteUnits*p.DynamoWrites+u.ReadUnits*p.DynamoReads), false)
	add(u.Dynamo, "DynamoDB: a gigabyte of done marks", p.DynamoGBMonth*millions, true)
	add(u.Metrics > 0, "CloudWatch: custom metrics", u.Metrics*p.CustomMetric, true)
	add(u.Mails > 0, "SES: mails", users*u.Mails/1000*p.SESThousand, false)
	return lines
}

// Total adds the lines up: those for the users, and those of each month.
func Total(lines []Line) (forUsers, monthly float64) {
	for _, l := range lines {
		if l.Monthly {
			monthly += l.Dollars
		} else {
			forUsers += l.Dollars
		}
	}
	return forUsers, monthly
}
