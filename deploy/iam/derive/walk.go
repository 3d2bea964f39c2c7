package main

import (
	"errors"
	"maps"

	"golang.org/x/tools/go/callgraph"
	"golang.org/x/tools/go/ssa"
)

// walk goes through all functions that can be reached from one. A call through an interface is followed into a method
// only once a function on the way has put a value of that type into an interface, and a call of a function's value only
// once somebody on the way has named it: the graph is the whole program's, and a command that opens no table calls none,
// whatever other commands do.
type walk struct {
	g       *graph
	seen    map[*callgraph.Node]bool
	born    map[any]bool              // types (their names) in an interface, and functions as values, somewhere on the way
	waiting map[any][]*callgraph.Node // those that are not
	next    []*callgraph.Node
	actions []string
	err     error
}

func (g *graph) walk(from *ssa.Function, born map[any]bool) *walk {
	w := &walk{g: g, seen: map[*callgraph.Node]bool{}, born: maps.Clone(born), waiting: map[any][]*callgraph.Node{}, actions: []string{}}
	if w.born == nil {
		w.born = map[any]bool{}
	}
	for w.next = []*callgraph.Node{g.Nodes[from]}; len(w.next) > 0; {
		n := w.next[0]
		if w.next = w.next[1:]; n == nil || w.seen[n] || g.without[n.Func] {
			continue
		}
		w.seen[n] = true
		w.bear(n.Func)
		for _, e := range n.Out {
			w.follow(e)
		}
	}
	return w
}

// bear notes the types that a function puts into interfaces, and the functions that it names.
func (w *walk) bear(f *ssa.Function) {
	var operands [16]*ssa.Value
	for _, b := range f.Blocks {
		for _, i := range b.Instrs {
			if m, ok := i.(*ssa.MakeInterface); ok {
				w.is(m.X.Type().String())
			}
			for _, o := range i.Operands(operands[:0]) {
				if named, ok := (*o).(*ssa.Function); ok {
					w.is(named)
				}
			}
		}
	}
}

func (w *walk) is(what any) {
	w.born[what] = true
	w.next = append(w.next, w.waiting[what]...)
	delete(w.waiting, what)
}

func (w *walk) follow(e *callgraph.Edge) {
	action, err := actionOf(e)
	if w.err = errors.Join(w.err, err); action != "" {
		w.actions = append(w.actions, action)
	}
	if needs := needed(e); needs != nil && !w.born[needs] {
		w.waiting[needs] = append(w.waiting[needs], e.Callee)
		return
	}
	w.next = append(w.next, e.Callee)
}

// needed is what has to be there before a call can go this way; nil of a plain call.
func needed(e *callgraph.Edge) any {
	if e.Site == nil || e.Site.Common().StaticCallee() != nil {
		return nil
	}
	if !e.Site.Common().IsInvoke() {
		return e.Callee.Func
	}
	if recv := e.Callee.Func.Signature.Recv(); recv != nil {
		return recv.Type().String()
	}
	return nil
}
