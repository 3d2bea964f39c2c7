package sqsout

import (
	"cmp"
	"net"
	"net/url"
	"strings"
)

// address is where the messages go.
type address struct {
	queue    string // the queue's URL, as it is sent in the request
	endpoint string // where the request goes
	region   string // what it is signed for
}

// address reads POSTCONFIRM_QUEUE_URL and the AWS variables. The request goes to the host that the queue's URL names,
// unless an endpoint is configured: so a queue of another Region, or behind a VPC endpoint, is reached too.
func (e *environment) address() address {
	a := address{queue: e.Get("POSTCONFIRM_QUEUE_URL"), endpoint: e.Endpoint("SQS")}
	queue, meant := parseQueue(a.queue, a.endpoint != "")
	if meant != "" {
		e.Mistake("POSTCONFIRM_QUEUE_URL", a.queue, meant)
		return a
	}
	a.region = cmp.Or(regionOf(queue.Hostname()), e.Get("AWS_REGION"), e.Get("AWS_DEFAULT_REGION"))
	if a.region == "" {
		e.Mistake("AWS_REGION", "", "the Region of the queue is meant, because its URL doesn't name one")
	}
	if a.endpoint == "" {
		a.endpoint = queue.Scheme + "://" + modern(queue.Host, a.region)
	}
	return a
}

// parseQueue reads a queue's URL; meant says what is wrong with it. Plain http is for emulators only: on this machine,
// or where an endpoint is configured.
func parseQueue(found string, configured bool) (u *url.URL, meant string) {
	const form = "https://sqs.REGION.amazonaws.com/ACCOUNT/NAME is meant"
	u, err := url.Parse(found)
	if found == "" {
		return nil, form
	}
	if err != nil || u.Hostname() == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return nil, form
	}
	account, name, ok := strings.Cut(strings.TrimPrefix(u.Path, "/"), "/")
	switch {
	case u.Scheme != "https" && u.Scheme != "http":
		return nil, form
	case u.Scheme == "http" && !configured && !loopback(u.Hostname()):
		return nil, form + "; http is for this machine only, or with AWS_ENDPOINT_URL_SQS"
	case !ok || !identifier(account) || u.RawPath != "":
		return nil, form + ", with the account and the name as its path"
	case strings.HasSuffix(name, ".fifo"):
		return nil, "a standard queue is meant: the worker's ledger, not the queue, sees to it that nothing is done twice"
	case !identifier(name) || len(name) > 80:
		return nil, form + "; a name has 1 to 80 letters, digits, dashes and underscores"
	}
	return u, ""
}

// regionOf finds the Region in a queue's host: sqs.REGION.…, sqs-fips.REGION.…, VPC endpoints, and the old
// REGION.queue.…; "" where there is none.
func regionOf(host string) string {
	labels := strings.Split(host, ".")
	for i, label := range labels {
		candidate := ""
		switch {
		case (label == "sqs" || label == "sqs-fips") && i+1 < len(labels):
			candidate = labels[i+1]
		case label == "queue" && i > 0:
			candidate = labels[i-1]
		}
		if strings.Contains(candidate, "-") && strings.Trim(candidate[len(candidate)-1:], "0123456789") == "" {
			return candidate
		}
	}
	return ""
}

// modern replaces the host of an old queue URL, [REGION.]queue.amazonaws.com, which speaks another protocol.
func modern(host, region string) string {
	if before, domain, old := strings.Cut(host, "queue.amazonaws.com"); old && (before == "" || strings.HasSuffix(before, ".")) {
		return "sqs." + region + ".amazonaws.com" + domain
	}
	return host
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback() || host == "localhost" || strings.HasSuffix(host, ".localhost")
}

func identifier(s string) bool {
	return s != "" && strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") == ""
}
