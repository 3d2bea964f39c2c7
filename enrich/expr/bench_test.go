package expr_test

import "testing"

const typical = `run.age < duration("72h") && user.email.lowerAscii().endsWith("@example.com") && default(steps.company.body.size, 0) > 2`

func BenchmarkNewEnv(b *testing.B) {
	for b.Loop() {
		newEnv(b)
	}
}

func BenchmarkCompile(b *testing.B) {
	env := newEnv(b)
	for b.Loop() {
		compile(b, env, typical)
	}
}

func BenchmarkEval(b *testing.B) {
	env := newEnv(b)
	for name, source := range map[string]string{"path": `steps.company.body.name`, "condition": typical,
		"comprehension": `steps.company.body.people.map(p, p.id)`} {
		b.Run(name, func(b *testing.B) {
			program, vars := compile(b, env, source), world()
			b.ReportAllocs()
			for b.Loop() {
				if _, err := program.Eval(b.Context(), vars); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkTemplate(b *testing.B) {
	tmpl, vars := template(b, newEnv(b), `Hello ${{ default(user.given_name, "there") }}, welcome to ${{ run.pool == "x" }}`), world()
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := tmpl.EvalString(b.Context(), vars); err != nil {
			b.Fatal(err)
		}
	}
}
