package main

import (
	"fmt"
	"go/constant"
	"go/types"
	"slices"
	"strings"

	"golang.org/x/tools/go/ssa"
)

// onThisMachine are the commands whose cloud is on this machine; the last two are its functions.
func onThisMachine() []string {
	return []string{"demo", "local", "simulate", "trigger-function", "presignup-function"}
}

// command is what a constructor of the operator's binary makes.
type command struct {
	use string
	run *ssa.Function // nil of a command that only has others
	sub []*ssa.Function
}

// commands adds those of the operator's binary that call AWS, by their whole name.
func (g *graph) commands(into map[string][]string) error {
	made := map[*ssa.Function]command{}
	for f := range g.Nodes {
		if f != nil && f.Pkg == g.main.Pkg {
			if c := commandOf(f); c.use != "" {
				made[f] = c
			}
		}
	}
	born := g.before(made)
	for f, c := range made {
		if c.use == "postconfirm" {
			return (&tree{g, made, born, into}).below(f, "")
		}
	}
	return fmt.Errorf("no constructor makes the command postconfirm")
}

// before gives the types that values have when a command begins: all that main does, but for the commands.
func (g *graph) before(made map[*ssa.Function]command) map[any]bool {
	for _, c := range made {
		g.without[c.run] = true
	}
	defer clear(g.without)
	return g.walk(g.main, g.init()).born
}

// tree goes down the commands.
type tree struct {
	g    *graph
	made map[*ssa.Function]command
	born map[any]bool
	into map[string][]string
}

func (t *tree) below(at *ssa.Function, path string) error {
	c := t.made[at]
	path = strings.TrimSpace(path + " " + c.use)
	if slices.Contains(onThisMachine(), c.use) {
		return nil
	}
	if c.run != nil {
		actions, err := t.g.actions(c.run, t.born)
		if err != nil {
			return err
		}
		if len(actions) > 0 {
			t.into[path] = actions
		}
	}
	for _, sub := range c.sub {
		if _, known := t.made[sub]; known {
			if err := t.below(sub, path); err != nil {
				return err
			}
		}
	}
	return nil
}

// commandOf reads a constructor: what it stores in a cobra.Command's Use and RunE, and which functions it calls that give
// a command.
func commandOf(f *ssa.Function) (c command) {
	for _, b := range f.Blocks {
		for _, instruction := range b.Instrs {
			switch i := instruction.(type) {
			case *ssa.Store:
				c.field(i)
			case *ssa.Call:
				if to := i.Call.StaticCallee(); to != nil && to.Pkg == f.Pkg && isCommand(i.Type()) {
					c.sub = append(c.sub, to)
				}
			}
		}
	}
	return c
}

func (c *command) field(s *ssa.Store) {
	at, ok := s.Addr.(*ssa.FieldAddr)
	if !ok || !isCommand(at.X.Type()) {
		return
	}
	switch at.X.Type().Underlying().(*types.Pointer).Elem().Underlying().(*types.Struct).Field(at.Field).Name() {
	case "Use":
		if text, ok := s.Val.(*ssa.Const); ok {
			c.use, _, _ = strings.Cut(constant.StringVal(text.Value), " ")
		}
	case "RunE", "Run":
		switch f := s.Val.(type) {
		case *ssa.MakeClosure:
			c.run = f.Fn.(*ssa.Function)
		case *ssa.Function:
			c.run = f
		}
	}
}

func isCommand(t types.Type) bool { return t.String() == "*github.com/spf13/cobra.Command" }
