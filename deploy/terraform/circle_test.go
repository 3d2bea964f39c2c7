package terraform_test

import (
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// circle computes what a pool needs of the module without telling it of the pool. If that can't be done, the pool could not call
// the functions and be known to the module at once.
func circle(m *module) error {
	variables, _ := choices()[0].given()
	delete(variables, "user_pool_id")
	variables["presignup"] = cty.True
	r := &resolver{module: m, given: variables, known: aws()}
	for _, name := range []string{"trigger_arn", "presignup_arn"} {
		if _, err := r.value(m.outputs[name].Body.Attributes["value"].Expr, nil); err != nil {
			return err
		}
	}
	return nil
}

func TestAPoolMayCallTheFunctionsAndBeKnownToTheModule(t *testing.T) {
	m, err := parse(on(t, "."))
	if err != nil {
		t.Fatal(err)
	}
	if err := circle(m); err != nil {
		t.Error(err)
	}
}

func TestExamplesGiveAndTakeWhatTheModuleHas(t *testing.T) {
	m, err := parse(on(t, "."))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"existing-pool", "new-pool"} {
		t.Run(name, func(t *testing.T) {
			example, err := parse(on(t, "examples/"+name))
			if err != nil {
				t.Fatal(err)
			}
			call := example.modules["postconfirm"]
			for argument := range call.Body.Attributes {
				if argument != "source" && m.variables[argument] == nil {
					t.Errorf("the module has no variable %s", argument)
				}
			}
			for name, b := range m.variables {
				if b.Body.Attributes["default"] == nil && call.Body.Attributes[name] == nil {
					t.Errorf("the module wants %s", name)
				}
			}
			if takes(t, example, m) == 0 {
				t.Error("it uses nothing of the module")
			}
		})
	}
}

// takes counts the outputs that an example uses, each of which the module must have.
func takes(t *testing.T, example, m *module) (count int) {
	t.Helper()
	var bodies []*hclsyntax.Body
	for _, all := range []map[string]*hclsyntax.Block{example.resources, example.outputs} {
		for _, b := range all {
			bodies = append(bodies, b.Body)
		}
	}
	for len(bodies) > 0 {
		body := bodies[0]
		bodies = bodies[1:]
		for _, b := range body.Blocks {
			bodies = append(bodies, b.Body)
		}
		for _, a := range body.Attributes {
			for _, reference := range a.Expr.Variables() {
				if reference.RootName() != "module" {
					continue
				}
				count++
				if output := attribute(reference, 2); m.outputs[output] == nil {
					t.Errorf("the module has no output %q", output)
				}
			}
		}
	}
	return count
}

// attribute is one step of a reference, as text; "" if it is none.
func attribute(reference hcl.Traversal, step int) string {
	if len(reference) <= step {
		return ""
	}
	a, _ := reference[step].(hcl.TraverseAttr)
	return a.Name
}
