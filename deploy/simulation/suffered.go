package simulation

import (
	"errors"
	"net/http"
	"syscall"

	"github.com/postconfirm/postconfirm/deploy/localcloud"
)

// suffered notes which fault of the cloud a call met, by what came back.
func (w *world) suffered(faults localcloud.Faults, operation string, answer *http.Response, err error) {
	for _, service := range faults {
		if service[operation].Latency > 0 {
			w.strike("latency " + operation)
		}
	}
	switch {
	case errors.Is(err, syscall.ECONNRESET):
		w.strike("lost " + operation)
	case err != nil:
	case answer.StatusCode == http.StatusServiceUnavailable:
		w.strike("outage " + operation)
	case answer.StatusCode == http.StatusInternalServerError:
		w.strike("error " + operation)
	case answer.StatusCode >= http.StatusBadRequest && throttling(faults, operation):
		w.strike("throttle " + operation)
	}
}

func throttling(faults localcloud.Faults, operation string) bool {
	for _, service := range faults {
		if service[operation].Throttle > 0 {
			return true
		}
	}
	return false
}
