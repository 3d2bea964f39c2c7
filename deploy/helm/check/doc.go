// Package check holds the chart against what Kubernetes, Helm and the worker say. It is a module of its own: what it
// stands on (Helm's linter and engine, the types of Kubernetes, its Pod Security Standards) is no part of postconfirm.
//
// For every values file of the chart it promises: Helm's linter has nothing to say, not even a warning; each object
// decodes without an unknown field; the rules of rules_test.go hold; the manifests are those under testdata, written
// anew with -update. For values that can't work, it promises a refusal that says why. And it breaks the chart, one
// fault at a time, to see that the rule of that name notices.
//
// Objects of KEDA and of the Prometheus operator are not in the types of Kubernetes: models/ checks all objects once
// more, against the models of another project, and knows those too.
package check
