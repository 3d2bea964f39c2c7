package main

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"golang.org/x/tools/go/callgraph"
	"golang.org/x/tools/go/callgraph/rta"
	"golang.org/x/tools/go/callgraph/vta"
	"golang.org/x/tools/go/packages"
	"golang.org/x/tools/go/ssa"
	"golang.org/x/tools/go/ssa/ssautil"

	"github.com/postconfirm/postconfirm/deploy/iam"
)

// services is where the packages of the SDK's clients are.
const services = "github.com/aws/aws-sdk-go-v2/service/"

// programs are loaded and built, each with its main function.
type programs struct{ all []*ssa.Package }

// load builds the programs as they are shipped, for Linux.
func load(dir string, patterns ...string) (*programs, error) {
	found, err := packages.Load(&packages.Config{Mode: packages.LoadAllSyntax, Dir: dir, Env: append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux"),
		BuildFlags: []string{"-tags=lambda.norpc"}}, patterns...)
	if err != nil {
		return nil, fmt.Errorf("load: %w", err)
	}
	for _, p := range found {
		for _, e := range p.Errors {
			err = errors.Join(err, e)
		}
	}
	if err != nil {
		return nil, err
	}
	program, all := ssautil.AllPackages(found, ssa.InstantiateGenerics)
	program.Build()
	return &programs{all}, nil
}

// graph is the call graph of one program.
type graph struct {
	*callgraph.Graph
	main    *ssa.Function
	without map[*ssa.Function]bool // nobody is followed into these
}

// graph makes the graph of the package whose path ends like this.
func (p *programs) graph(path string) *graph {
	i := slices.IndexFunc(p.all, func(s *ssa.Package) bool { return strings.HasSuffix(s.Pkg.Path(), path) })
	main := p.all[i].Func("main")
	rough := rta.Analyze([]*ssa.Function{p.all[i].Func("init"), main}, true)
	reachable := make(map[*ssa.Function]bool, len(rough.Reachable))
	for f := range rough.Reachable {
		reachable[f] = true
	}
	return &graph{vta.CallGraph(reachable, rough.CallGraph), main, map[*ssa.Function]bool{}}
}

// init gives the types that values have once the packages' variables have theirs.
func (g *graph) init() map[any]bool { return g.walk(g.main.Pkg.Func("init"), nil).born }

// cut takes functions out. One that is not there is an error: the list is old.
func (g *graph) cut(names ...string) error {
	for _, name := range names {
		before := len(g.without)
		for f := range g.Nodes {
			if f != nil && f.String() == name {
				g.without[f] = true
			}
		}
		if len(g.without) == before {
			return fmt.Errorf("no function is called %s", name)
		}
	}
	return nil
}

// actions are those that can be reached from a function, sorted. born are types that values may have already.
func (g *graph) actions(from *ssa.Function, born map[any]bool) ([]string, error) {
	w := g.walk(from, born)
	slices.Sort(w.actions)
	return slices.Compact(w.actions), w.err
}

// actionOf names the action of a call of an operation; "" of any other call. What a client calls by itself (endpoint
// discovery and sessions of S3 Express, both unused here) does not count; what its paginators and waiters call does.
func actionOf(e *callgraph.Edge) (string, error) {
	service, operation := operationOf(e.Callee.Func)
	if operation == "" {
		return "", nil
	}
	if caller := e.Caller.Func; caller.Pkg != nil && caller.Pkg.Pkg.Path() == services+service && !pages(caller) {
		return "", nil
	}
	return iam.Action(service, operation)
}

// operationOf tells which operation of which service a function is: a method of a client, whose second argument is the
// input that has the operation's name.
func operationOf(f *ssa.Function) (service, operation string) {
	if f.Signature.Recv() == nil || f.Pkg == nil || f.Signature.Params().Len() < 2 {
		return "", ""
	}
	service, ours := strings.CutPrefix(f.Pkg.Pkg.Path(), services)
	if !ours || !strings.HasSuffix(f.Signature.Params().At(1).Type().String(), "."+f.Name()+"Input") ||
		!strings.HasSuffix(f.Signature.Recv().Type().String(), ".Client") {
		return "", ""
	}
	return service, f.Name()
}

// pages tells whether a function of a service's package is a paginator's or a waiter's.
func pages(f *ssa.Function) bool {
	recv := f.Signature.Recv()
	return recv != nil && (strings.HasSuffix(recv.Type().String(), "Paginator") || strings.HasSuffix(recv.Type().String(), "Waiter"))
}
