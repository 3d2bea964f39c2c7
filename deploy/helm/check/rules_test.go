package check_test

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
	"sigs.k8s.io/yaml"
)

// rule is one thing that holds for the chart, whatever its values.
type rule struct {
	name  string
	check func(*rendered) error
}

// rules are in the order of what a reader would want to know first.
func rules() []rule {
	return []rule{
		{"pod-security", podSecurity}, {"read-only", readOnly}, {"probes", probes}, {"grace", grace}, {"one-file-one-worker", oneFile},
		{"settings", settings}, {"mounts", mounts}, {"selectors", selectors}, {"network", network}, {"scaler", scaler},
	}
}

// inspect runs everything on a chart with values and names the first check that fails.
func inspect(dir string, values map[string]any) (name string, err error) {
	if err := linted(dir, values); err != nil {
		return "lint", err
	}
	r, err := render(dir, values)
	if err != nil {
		return "render", err
	}
	if err := r.decode(); err != nil {
		return "decode", err
	}
	for _, rule := range rules() {
		if err := rule.check(r); err != nil {
			return rule.name, err
		}
	}
	return "", nil
}

// find gives the objects of one type.
func find[T any](r *rendered) (found []T) {
	for _, o := range r.objects {
		if o, ok := o.(T); ok {
			found = append(found, o)
		}
	}
	return found
}

func deployment(r *rendered) *appsv1.Deployment { return find[*appsv1.Deployment](r)[0] }

func pod(r *rendered) (*corev1.PodSpec, *corev1.Container) {
	spec := &deployment(r).Spec.Template.Spec
	return spec, &spec.Containers[0]
}

func variable(r *rendered, name string) string {
	_, c := pod(r)
	for _, v := range c.Env {
		if v.Name == name {
			return v.Value
		}
	}
	return ""
}

// podSecurity asks the Pod Security Standards of Kubernetes themselves.
func podSecurity(r *rendered) error {
	evaluator, err := policy.NewEvaluator(policy.DefaultChecks(), nil)
	if err != nil {
		return err
	}
	d := deployment(r)
	level := api.LevelVersion{Level: api.LevelRestricted, Version: api.LatestVersion()}
	result := policy.AggregateCheckResults(evaluator.EvaluatePod(level, &d.Spec.Template.ObjectMeta, &d.Spec.Template.Spec))
	if !result.Allowed {
		return errors.New(result.ForbiddenDetail())
	}
	if u := d.Spec.Template.Spec.SecurityContext.RunAsUser; u == nil || *u != 65532 {
		return errors.New("the pod's user is not the image's, 65532")
	}
	return nil
}

func readOnly(r *rendered) error {
	spec, c := pod(r)
	if ro := c.SecurityContext.ReadOnlyRootFilesystem; ro == nil || !*ro {
		return errors.New("the container may write into its own files")
	}
	if auto := spec.AutomountServiceAccountToken; auto == nil || *auto {
		return errors.New("the pod carries a token of the cluster, which it does not need")
	}
	return nil
}

// probes asks for the paths that the worker serves.
func probes(r *rendered) error {
	served, err := source("worker/app/serve.go")
	if err != nil {
		return err
	}
	_, c := pod(r)
	for name, p := range map[string]*corev1.Probe{"startup /healthz": c.StartupProbe, "liveness /healthz": c.LivenessProbe, "readiness /readyz": c.ReadinessProbe} {
		_, path, _ := strings.Cut(name, " ")
		if p == nil || p.HTTPGet == nil || p.HTTPGet.Path != path || p.HTTPGet.Port.String() != c.Ports[0].Name {
			return fmt.Errorf("the probe %s is missing or asks elsewhere", name)
		}
		if !strings.Contains(served, `"GET `+path+`"`) {
			return fmt.Errorf("the worker does not serve %s", path)
		}
	}
	if port := fmt.Sprintf("0.0.0.0:%d", c.Ports[0].ContainerPort); variable(r, "POSTCONFIRM_METRICS") != port {
		return fmt.Errorf("the worker does not listen on %s, which is asked", port)
	}
	return nil
}

// grace leaves the worker its grace and 5 s: one to write down what happened, the rest for a slow machine.
func grace(r *rendered) error {
	spec, c := pod(r)
	for _, arg := range c.Args {
		if text, ok := strings.CutPrefix(arg, "--grace="); ok {
			d, err := time.ParseDuration(text)
			if err != nil {
				return err
			}
			if given := spec.TerminationGracePeriodSeconds; given == nil || time.Duration(*given)*time.Second < d+5*time.Second {
				return fmt.Errorf("the pod is killed within 5 s of the worker's grace of %s", d)
			}
			return nil
		}
	}
	return errors.New("the worker's grace is not set")
}

func oneFile(r *rendered) error {
	if !strings.HasPrefix(variable(r, "POSTCONFIRM_LEDGER"), "sqlite:") {
		return nil
	}
	d := deployment(r)
	switch {
	case d.Spec.Replicas == nil || *d.Spec.Replicas > 1:
		return errors.New("more than one worker on a ledger in a file")
	case d.Spec.Strategy.Type != appsv1.RecreateDeploymentStrategyType:
		return errors.New("an update would start a second worker on a ledger in a file")
	case !slices.ContainsFunc(d.Spec.Template.Spec.Volumes, func(v corev1.Volume) bool { return v.PersistentVolumeClaim != nil }):
		return errors.New("a ledger in a file without a volume")
	}
	for _, claim := range find[*corev1.PersistentVolumeClaim](r) {
		if claim.Annotations["helm.sh/resource-policy"] != "keep" {
			return errors.New("uninstalling erases the ledger")
		}
	}
	return nil
}

// settings holds variables and flags against those of the worker's program.
func settings(r *rendered) error {
	program, err := source("cmd/worker/main.go")
	if err != nil {
		return err
	}
	_, c := pod(r)
	for _, v := range c.Env {
		if strings.HasPrefix(v.Name, "POSTCONFIRM_") && !strings.Contains(program, `"`+v.Name+`"`) {
			return fmt.Errorf("the worker does not know %s", v.Name)
		}
	}
	for _, arg := range c.Args {
		name, _, _ := strings.Cut(strings.TrimPrefix(arg, "--"), "=")
		if !strings.Contains(program, `, "`+name+`", `) {
			return fmt.Errorf("the worker does not know %s", arg)
		}
	}
	for _, name := range []string{"POSTCONFIRM_QUEUE_URL", "POSTCONFIRM_DLQ_URL", "POSTCONFIRM_PIPELINE", "POSTCONFIRM_LEDGER"} {
		if variable(r, name) == "" {
			return fmt.Errorf("%s is not set", name)
		}
	}
	return nil
}

// mounts sees that what the settings name is there, and that only the ledger can be written.
func mounts(r *rendered) error {
	spec, c := pod(r)
	at := map[string]corev1.VolumeMount{}
	for _, m := range c.VolumeMounts {
		at[m.MountPath] = m
		if !slices.ContainsFunc(spec.Volumes, func(v corev1.Volume) bool { return v.Name == m.Name }) {
			return fmt.Errorf("%s has no volume", m.MountPath)
		}
		if !m.ReadOnly && m.MountPath != "/var/lib/postconfirm" {
			return fmt.Errorf("%s can be written", m.MountPath)
		}
	}
	folder := regexp.MustCompile(`^(?:sqlite:)?(/.*)/[^/]+$`)
	for _, name := range []string{"POSTCONFIRM_PIPELINE", "POSTCONFIRM_LEDGER"} {
		if m := folder.FindStringSubmatch(variable(r, name)); m != nil && at[m[1]].Name == "" {
			return fmt.Errorf("nothing is mounted where %s is", name)
		}
	}
	if dir := variable(r, "POSTCONFIRM_SECRETS_DIR"); dir != "" && at[dir].Name == "" {
		return errors.New("nothing is mounted where the secrets are")
	}
	return nil
}

// selectors sees that everything that selects pods selects these.
func selectors(r *rendered) error {
	pods := labels.Set(deployment(r).Spec.Template.Labels)
	all := map[string]*metav1.LabelSelector{"the deployment": deployment(r).Spec.Selector}
	for _, b := range find[*policyv1.PodDisruptionBudget](r) {
		all["the disruption budget"] = b.Spec.Selector
		if n := b.Spec.MaxUnavailable; n == nil || n.IntValue() != 1 {
			return errors.New("the disruption budget does not let one worker at a time go")
		}
	}
	for _, p := range find[*networkingv1.NetworkPolicy](r) {
		all["the network policy"] = &p.Spec.PodSelector
	}
	for _, s := range find[*corev1.Service](r) {
		all["the service"] = &metav1.LabelSelector{MatchLabels: s.Spec.Selector}
	}
	for who, s := range all {
		selector, err := metav1.LabelSelectorAsSelector(s)
		if err != nil || selector.Empty() || !selector.Matches(pods) {
			return fmt.Errorf("%s does not select the worker's pods: %v", who, err)
		}
	}
	return nil
}

// network sees that a policy closes what it does not name.
func network(r *rendered) error {
	for _, p := range find[*networkingv1.NetworkPolicy](r) {
		if len(p.Spec.PolicyTypes) != 2 {
			return errors.New("the network policy leaves a direction open")
		}
		for _, in := range p.Spec.Ingress {
			if len(in.From) == 0 || len(in.Ports) == 0 {
				return errors.New("the network policy lets everybody in")
			}
		}
		for _, out := range p.Spec.Egress {
			names := !slices.ContainsFunc(out.Ports, func(p networkingv1.NetworkPolicyPort) bool { return p.Port.IntValue() != 53 })
			if len(out.Ports) == 0 || len(out.To) == 0 && !names {
				return errors.New("the network policy lets the worker reach everything")
			}
			for _, to := range out.To {
				if b := to.IPBlock; b != nil && b.CIDR == "0.0.0.0/0" && !slices.Contains(b.Except, "169.254.0.0/16") {
					return errors.New("the network policy lets the worker reach the node's credentials")
				}
			}
		}
	}
	return nil
}

// scaler sees that KEDA scales these pods, and nobody else does.
func scaler(r *rendered) error {
	var o struct {
		Kind string
		Spec struct {
			ScaleTargetRef struct{ Name string }
			Triggers       []struct{ Metadata map[string]string }
		}
	}
	for _, m := range r.foreign {
		if err := yaml.Unmarshal([]byte(m), &o); err != nil {
			return err
		}
		if o.Kind != "ScaledObject" {
			continue
		}
		switch d := deployment(r); {
		case o.Spec.ScaleTargetRef.Name != d.Name:
			return errors.New("the scaler scales something else")
		case d.Spec.Replicas != nil:
			return errors.New("the deployment says how many workers there are, and so does the scaler")
		case o.Spec.Triggers[0].Metadata["queueURL"] != variable(r, "POSTCONFIRM_QUEUE_URL"):
			return errors.New("the scaler looks at another queue")
		case o.Spec.Triggers[0].Metadata["scaleOnInFlight"] != "false":
			return errors.New("the scaler counts messages that wait on purpose")
		}
	}
	return nil
}
