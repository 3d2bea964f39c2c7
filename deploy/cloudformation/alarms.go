package cloudformation

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// page is how an alarm's description names its page.
var page = regexp.MustCompile(`Runbook deploy/runbooks/([a-z-]+)\.md$`)

func alarms(w *World) {
	named := map[string]bool{}
	for name, r := range w.source.Resources {
		if r.Type != "AWS::CloudWatch::Alarm" {
			continue
		}
		text, _ := r.Properties["AlarmDescription"].(string)
		found := page.FindStringSubmatch(text)
		if found == nil {
			w.found("%s: its description names no page", name)
			continue
		}
		slug := found[1]
		if named[slug] = true; !slices.Contains(w.Pages, slug) {
			w.found("%s: there is no page deploy/runbooks/%s.md", name, slug)
		}
		w.is(name, r, "${Name}-"+slug, "AlarmName", "Fn::Sub")
		w.is(name, r, "notBreaching", "TreatMissingData")
		for _, action := range []string{"AlarmActions"} {
			if got := fmt.Sprint(r.Properties[action]); !strings.Contains(got, "AlarmTopicArn") {
				w.found("%s: %s does not tell the topic", name, action)
			}
		}
		if camel := "Alarm" + camels(slug); name != camel {
			w.found("%s: its page wants it to be called %s", name, camel)
		}
	}
	for _, p := range w.Pages {
		if !named[p] {
			w.found("the page %s.md has no alarm", p)
		}
	}
}

// camels turns dlq-depth into DlqDepth; presignup is PreSignUp in names of resources.
func camels(slug string) (out string) {
	for word := range strings.SplitSeq(slug, "-") {
		if word == "presignup" {
			out += "PreSignUp"
			continue
		}
		out += strings.ToUpper(word[:1]) + word[1:]
	}
	return out
}

// aws are AWS's own metrics that alarms here ask for, with their dimensions (Amazon CloudWatch User Guide, "AWS services that
// publish CloudWatch metrics", and the services' pages).
func aws() map[string][]string {
	return map[string][]string{
		"AWS/SQS ApproximateNumberOfMessagesVisible":    {"QueueName"},
		"AWS/SQS ApproximateNumberOfMessagesNotVisible": {"QueueName"},
		"AWS/SQS ApproximateAgeOfOldestMessage":         {"QueueName"},
		"AWS/Lambda Errors":                             {"FunctionName"},
		"AWS/Lambda Throttles":                          {"FunctionName"},
		"AWS/Lambda Duration":                           {"FunctionName"},
		"AWS/Lambda RecursiveInvocationsDropped":        {"FunctionName"},
		"AWS/DynamoDB ReadThrottleEvents":               {"TableName"},
		"AWS/DynamoDB WriteThrottleEvents":              {"TableName"},
		"AWS/DynamoDB ConsumedReadCapacityUnits":        {"TableName"},
		"AWS/DynamoDB ConsumedWriteCapacityUnits":       {"TableName"},
		"AWS/SES Reputation.BounceRate":                 nil,
		"AWS/SES Reputation.ComplaintRate":              nil,
	}
}

// metric holds one use of a metric against what there is.
func (w *World) metric(of, namespace, name string, dimensions []string) {
	want, known := aws()[namespace+" "+name]
	if namespace == "postconfirm" {
		want, known = w.Metrics[name]
	}
	got := slices.DeleteFunc(slices.Sorted(slices.Values(dimensions)), func(d string) bool { return d == "GlobalSecondaryIndexName" })
	if !known {
		w.found("%s: nobody gives the metric %s %s", of, namespace, name)
	} else if sorted := slices.Sorted(slices.Values(want)); !slices.Equal(got, sorted) {
		w.found("%s: %s has the dimensions %v, not %v", of, name, sorted, got)
	}
}

// query is a question of Metrics Insights.
var query = regexp.MustCompile(`^SELECT (?:MAX|SUM|COUNT)\((\w+)\) FROM SCHEMA\("?postconfirm"?, ([a-z, ]+)\)(?: WHERE (\w+) = '\w+')?(?: GROUP BY \w+)?$`)

func (w *World) ask(of, text string) {
	found := query.FindStringSubmatch(text)
	if found == nil {
		w.found("%s: the question %q is none of Metrics Insights", of, text)
		return
	}
	dimensions := strings.Split(found[2], ", ")
	w.metric(of, "postconfirm", found[1], dimensions)
	if found[3] != "" && !slices.Contains(dimensions, found[3]) {
		w.found("%s: %s is no dimension of the question", of, found[3])
	}
}

func alarmMetrics(w *World) {
	w.everywhere("AWS::CloudWatch::Alarm", func(t *Template, name string, r Resource) {
		if m, _ := r.Properties["MetricName"].(string); m != "" {
			w.metric(name, fmt.Sprint(r.Properties["Namespace"]), m, dimensions(r.Properties["Dimensions"]))
		}
		list, _ := r.Properties["Metrics"].([]any)
		if r.Properties["MetricName"] == nil && len(list) == 0 {
			w.found("%s asks for nothing", name)
		}
		for _, m := range list {
			if metric := at(m, "MetricStat", "Metric"); metric != nil {
				w.metric(name, fmt.Sprint(at(metric, "Namespace")), fmt.Sprint(at(metric, "MetricName")), dimensions(at(metric, "Dimensions")))
			} else if text, _ := at(m, "Expression").(string); strings.HasPrefix(text, "SELECT") {
				w.ask(name, text)
			}
		}
	})
}

func dimensions(v any) (all []string) {
	list, _ := v.([]any)
	for _, d := range list {
		all = append(all, fmt.Sprint(at(d, "Name")))
	}
	return all
}

func dashboard(w *World) {
	seen := false
	w.everywhere("AWS::CloudWatch::Dashboard", func(_ *Template, name string, r Resource) {
		seen = true
		text, _ := r.Properties["DashboardBody"].(string)
		var body struct {
			Widgets []struct {
				Properties struct {
					Title   string
					Region  string
					Metrics [][]any
				}
			}
		}
		if err := json.Unmarshal([]byte(text), &body); err != nil {
			w.found("%s: %v", name, err)
			return
		}
		for _, widget := range body.Widgets {
			w.lines(name+": "+widget.Properties.Title, widget.Properties.Metrics)
		}
	})
	if !seen {
		w.found("there is no dashboard")
	}
}

// lines reads a widget's metrics: "." is what stands above.
func (w *World) lines(of string, all [][]any) {
	var above []any
	for _, line := range all {
		if options, ok := line[0].(map[string]any); ok {
			if text := fmt.Sprint(options["expression"]); strings.HasPrefix(text, "SELECT") {
				w.ask(of, text)
			} else if !w.named(text) {
				w.found("%s: %q asks for no metric of ours", of, text)
			}
			continue
		}
		if _, options := line[len(line)-1].(map[string]any); options {
			line = line[:len(line)-1]
		}
		for i := range line {
			if line[i] == "." && i < len(above) {
				line[i] = above[i]
			}
		}
		above = line
		var dimensions []string
		for i := 2; i < len(line); i += 2 {
			dimensions = append(dimensions, fmt.Sprint(line[i]))
		}
		w.metric(of, fmt.Sprint(line[0]), fmt.Sprint(line[1]), dimensions)
	}
}

// named tells whether a search names one of our metrics.
func (w *World) named(text string) bool {
	for m := range w.Metrics {
		if strings.Contains(text, `"`+m+`"`) {
			return true
		}
	}
	return false
}
