//go:build failpoints

package main

import (
	"github.com/postconfirm/postconfirm/deploy/reliability/failpoint"
	"github.com/postconfirm/postconfirm/worker/app"
)

// breaks lets a proof say where this worker dies. It is compiled with the tag "failpoints" only.
func breaks(s *app.Settings, getenv func(string) string) error {
	orders, err := failpoint.Read(getenv(failpoint.Variable))
	if err != nil {
		return err
	}
	s.Ports, err = orders.Obey(&s.Worker)
	return err
}
