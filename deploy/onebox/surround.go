package onebox

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/postconfirm/postconfirm/deploy/onebox/pretend"
	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/connect"
	outbox "github.com/postconfirm/postconfirm/enrich/connect/ses/pretend"
)

// surroundings are what a box's worker finds around it, beside the cloud.
type surroundings struct {
	pipeline string          // path of the file
	mail     string          // URL of the SES that sends nothing
	secrets  enrich.Secrets  // nil: the environment and the folder of secrets
	connect  connect.Options // how vendors are reached
}

// surround starts the outside systems. With a pipeline of one's own that is an SES alone.
func (b *Box) surround(o *Options) (around surroundings, err error) {
	dir, err := os.MkdirTemp("", "postconfirm-")
	if err != nil {
		return around, fmt.Errorf("make a folder: %w", err)
	}
	b.close = append(b.close, func() error { return os.RemoveAll(dir) })
	if o.Ledger == "" {
		o.Ledger = filepath.Join(dir, "ledger.db")
	}
	b.Outbox = &outbox.Outbox{}
	if o.Pipeline == "" && o.Scene != "" && o.Scene != Quick {
		return b.startScene(o, dir)
	}
	if around.mail, err = b.serve(b.Outbox); err != nil {
		return around, fmt.Errorf("start pretend SES: %w", err)
	}
	if around.pipeline = o.Pipeline; around.pipeline == "" {
		around.secrets = anyName{}
		around.pipeline, err = b.startQuick(o, dir)
	}
	return around, err
}

// startQuick starts the three vendors of the scene Quick, and writes a pipeline file that knows where they are.
func (b *Box) startQuick(o *Options, dir string) (path string, err error) {
	all := &pretend.Vendors{}
	vendors, err := b.serve(all)
	if err != nil {
		return "", fmt.Errorf("start pretend vendors: %w", err)
	}
	b.Vendors, o.AllowLoopback = all, true
	path = filepath.Join(dir, "demo.yaml")
	text := strings.ReplaceAll(DemoPipeline, "http://VENDORS", vendors)
	return path, os.WriteFile(path, []byte(text), 0o600)
}

// anyName knows the token of the three vendors.
type anyName struct{}

// Secret gives the token for any name.
func (anyName) Secret(context.Context, string) (enrich.Secret, error) {
	return enrich.NewSecret(pretend.Token), nil
}
