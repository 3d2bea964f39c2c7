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
	by  int           // which argument of the constructor names it, from 1; 0 when use does
	run *ssa.Function // nil of a command that only has others
	sub []*ssa.Call   // of constructors
}

// called is the name of a command, whose constructor was called like this.
func (c command) called(by *ssa.Call) string {
	if c.by == 0 {
		return c.use
	}
	text, _ := by.Call.Args[c.by-1].(*ssa.Const)
	return first(text)
}

// commands adds those of the operator's binary that call AWS, by their whole name.
func (g *graph) commands(into map[string][]string) error {
	made := map[*ssa.Function]command{}
	for f := range g.Nodes {
		if f != nil && f.Pkg == g.main.Pkg {
			if c := commandOf(f); c.use != "" || c.by > 0 {
				made[f] = c
			}
		}
	}
	born := g.before(made)
	for f, c := range made {
		if c.use == "postconfirm" {
			return (&tree{g, made, born, into}).below(f, c.use, c.use)
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
	return g.walk(g.main, g.initial()).born
}

// tree goes down the commands.
type tree struct {
	g    *graph
	made map[*ssa.Function]command
	born map[any]bool
	into map[string][]string
}

func (t *tree) below(at *ssa.Function, use, path string) error {
	c := t.made[at]
	if use == "" {
		return fmt.Errorf("%s: a command of %s has no name that can be read", path, at)
	}
	if slices.Contains(onThisMachine(), use) {
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
	for _, call := range c.sub {
		to := call.Call.StaticCallee()
		if sub, known := t.made[to]; known {
			if err := t.below(to, sub.called(call), path+" "+sub.called(call)); err != nil {
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
				c.field(f, i)
			case *ssa.Call:
				if to := i.Call.StaticCallee(); to != nil && to.Pkg == f.Pkg && isCommand(i.Type()) {
					c.sub = append(c.sub, i)
				}
			}
		}
	}
	return c
}

func (c *command) field(f *ssa.Function, s *ssa.Store) {
	at, ok := s.Addr.(*ssa.FieldAddr)
	if !ok || !isCommand(at.X.Type()) {
		return
	}
	switch at.X.Type().Underlying().(*types.Pointer).Elem().Underlying().(*types.Struct).Field(at.Field).Name() {
	case "Use":
		switch text := front(s.Val).(type) {
		case *ssa.Const:
			c.use = first(text)
		case *ssa.Parameter:
			c.by = slices.Index(f.Params, text) + 1
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

// front is what a text begins with: the first of a sum, and of a variable what it was born with.
func front(v ssa.Value) ssa.Value {
	switch v := v.(type) {
	case *ssa.BinOp:
		return front(v.X)
	case *ssa.UnOp:
		if born := bornWith(v.X); born != nil {
			return front(born)
		}
	}
	return v
}

// bornWith is the argument that a function keeps in a variable, since a closure uses it; nil of any other place.
func bornWith(place ssa.Value) ssa.Value {
	if variable, ok := place.(*ssa.Alloc); ok {
		for _, use := range *variable.Referrers() {
			if s, ok := use.(*ssa.Store); ok && s.Addr == place {
				return s.Val
			}
		}
	}
	return nil
}

// first is the first word of a text; "" of what is none.
func first(text *ssa.Const) string {
	if text == nil || text.Value == nil || text.Value.Kind() != constant.String {
		return ""
	}
	word, _, _ := strings.Cut(constant.StringVal(text.Value), " ")
	return word
}

func isCommand(t types.Type) bool { return t.String() == "*github.com/spf13/cobra.Command" }
