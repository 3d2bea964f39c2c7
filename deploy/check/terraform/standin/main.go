// Command standin is a Terraform provider that has a schema and nothing else. terraform validate and terraform test with
// mock_provider ask a provider for its schema only, so the check needs neither the real one, of some hundred megabytes,
// nor an account.
//
// It serves the file schema.json beside it, in the words of `terraform providers schema -json`: what is known of arguments, blocks
// and their types is checked by Terraform itself. It promises no judgement of values (an engine, a runtime, a range): the real provider's code does that.
// It refuses whatever would touch an account.
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/hashicorp/terraform-plugin-go/tfprotov5"
	"github.com/hashicorp/terraform-plugin-go/tfprotov5/tf5server"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintf(os.Stderr, "standin: %v\n", err)
		os.Exit(1)
	}
}

func run() error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	s, err := read(filepath.Join(filepath.Dir(self), "schema.json"))
	if err != nil {
		return err
	}
	return tf5server.Serve("hashicorp/aws", func() tfprotov5.ProviderServer { return &server{schema: s} })
}
