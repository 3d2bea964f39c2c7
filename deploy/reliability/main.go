package main

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/postconfirm/postconfirm/deploy/reliability/kill"
)

func main() {
	p, err := kill.Build(context.Background(), "go", "/tmp/killx")
	fmt.Println(p, err)
	n, _ := strconv.Atoi(os.Args[1])
	seed, _ := strconv.Atoi(os.Args[2])
	b := time.Now()
	t, err := kill.Loop(context.Background(), kill.Options{Program: p, Seed: uint64(seed), Progress: func(s string) { fmt.Println(s, time.Since(b)) }}, n)
	var max, sum time.Duration
	for _, s := range t.StartTimes {
		sum += s
		if s > max {
			max = s
		}
	}
	if len(t.StartTimes) > 0 {
		fmt.Println("start", sum/time.Duration(len(t.StartTimes)), max)
	}
	t.StartTimes = nil
	v := t.Violations
	t.Violations = nil
	fmt.Printf("%+v\n%v\n%d violations\n", t, err, len(v))
	for i, x := range v {
		if i < 20 {
			fmt.Println(x)
		}
	}
}
