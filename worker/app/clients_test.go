package app_test

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/google/go-cmp/cmp"

	"github.com/postconfirm/postconfirm/deploy/localcloud"
	"github.com/postconfirm/postconfirm/deploy/localcloud/cognito"
	"github.com/postconfirm/postconfirm/worker/amazon"
	"github.com/postconfirm/postconfirm/worker/app"
)

// poolWorld is a cloud with a pool, and settings whose pipeline is for that pool.
type poolWorld struct {
	*amazon.Clients
	app.Settings
	t     *testing.T
	cloud *localcloud.Cloud
	pool  string
}

// newPool puts the pool's id where the pipeline has eu-west-1_Ab12cd34E.
func newPool(t *testing.T, pipeline string) *poolWorld {
	t.Helper()
	s, cloud := clouded(t, "1209600")
	cloud.Register(cognito.New(nil))
	clients, err := amazon.Connect(t.Context(), &amazon.ConnectOptions{Region: "eu-west-1", LocalCloud: s.Local})
	if err != nil {
		t.Fatal(err)
	}
	made, err := clients.Cognito.CreateUserPool(t.Context(), &cognitoidentityprovider.CreateUserPoolInput{PoolName: aws.String("people"),
		Schema: []types.SchemaAttributeType{{Name: aws.String("company"), AttributeDataType: types.AttributeDataTypeString, Mutable: aws.Bool(true)}}})
	if err != nil {
		t.Fatal(err)
	}
	w := &poolWorld{Clients: clients, Settings: s, t: t, cloud: cloud, pool: *made.UserPool.Id}
	w.Pipeline = write(t, strings.ReplaceAll(pipeline, "eu-west-1_Ab12cd34E", w.pool))
	return w
}

// client makes an app client with a list of what its users may write, or without.
func (w *poolWorld) client(may ...string) (id string) {
	w.t.Helper()
	made, err := w.Cognito.CreateUserPoolClient(w.t.Context(), &cognitoidentityprovider.CreateUserPoolClientInput{UserPoolId: &w.pool,
		ClientName: aws.String("web"), WriteAttributes: may})
	if err != nil {
		w.t.Fatal(err)
	}
	return *made.UserPoolClient.ClientId
}

// warnings are those of a worker that starts here.
func (w *poolWorld) warnings() []string {
	w.t.Helper()
	a, err := app.New(w.t.Context(), w.Settings)
	if err != nil {
		w.t.Fatal(err)
	}
	if err := a.Close(); err != nil {
		w.t.Error(err)
	}
	return a.Warnings
}

// refused makes the pool answer an operation of this worker with an error.
func (w *poolWorld) refused(operation, code string) {
	w.t.Helper()
	behind, err := url.Parse(w.Local)
	if err != nil {
		w.t.Fatal(err)
	}
	cloud := httputil.NewSingleHostReverseProxy(behind)
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if !strings.HasSuffix(r.Header.Get("X-Amz-Target"), "."+operation) {
			cloud.ServeHTTP(rw, r)
			return
		}
		rw.Header().Set("Content-Type", "application/x-amz-json-1.1")
		rw.WriteHeader(http.StatusBadRequest)
		_, _ = rw.Write([]byte(`{"__type":"` + code + `","message":"no ` + operation + `"}`))
	}))
	w.t.Cleanup(server.Close)
	w.Local = server.URL
}

// owning is a pipeline that owns a custom attribute and a standard one.
const owning = "version: 1\npools: [eu-west-1_Ab12cd34E]\nattributes:\n  custom:company: Acme\n  website: https://acme.example\n"

func TestAnAppClientThatMayWriteWhatThePipelineOwnsIsAWarning(t *testing.T) {
	const custom = "version: 1\npools: [eu-west-1_Ab12cd34E]\nattributes:\n  custom:company: Acme\n"
	says := func(pool, client, names string) string {
		return "pool " + pool + ": users of the app client " + client + " may write " + names +
			", which this pipeline owns: give the client a list of WriteAttributes without that"
	}
	for _, c := range []struct {
		name, pipeline string
		may            []string // nil: no list
		want           string   // names in the warning; "": there is none
	}{
		{"C3-79 a list with the attribute", custom, []string{"email", "custom:company"}, "custom:company"},
		{"C3-79 a list with two of them", owning, []string{"website", "custom:company"}, "custom:company, website"},
		{"C3-79 a list without it", custom, []string{"email", "website"}, ""},
		{"C3-79 no list: no custom attribute may be written", custom, nil, ""},
		{"C3-79 no list: every standard attribute may be written", owning, nil, "website"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newPool(t, c.pipeline)
			id := w.client(c.may...)
			var want []string
			if c.want != "" {
				want = []string{says(w.pool, id, c.want)}
			}
			if diff := cmp.Diff(want, w.warnings()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
	t.Run("C3-79 every client that may, and no other", func(t *testing.T) {
		w := newPool(t, custom)
		first, _, second := w.client("custom:company"), w.client("email"), w.client("custom:company")
		want := []string{says(w.pool, first, "custom:company"), says(w.pool, second, "custom:company")}
		if diff := cmp.Diff(want, w.warnings()); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
	t.Run("C3-79 a hundred clients are looked at, and that there are more is said", func(t *testing.T) {
		w := newPool(t, custom)
		for range amazon.MaxClients {
			w.client("email")
		}
		if got := w.warnings(); len(got) != 0 {
			t.Errorf("of a hundred: %q", got)
		}
		w.client("custom:company")
		w.cloud.ResetCalls()
		if got := w.warnings(); len(got) != 1 || got[0] != "pool "+w.pool+" has more than 100 app clients: the others were not looked at" {
			t.Errorf("of a hundred and one: %q", got)
		}
		if calls := w.cloud.Calls(); calls["cognito-idp.ListUserPoolClients"] != 2 || calls["cognito-idp.DescribeUserPoolClient"] != 100 {
			t.Errorf("calls: %v", calls)
		}
	})
}

func TestAppClientsThatCannotBeReadAreOneWarning(t *testing.T) {
	const unchecked = "whether app clients may write what this pipeline owns could not be checked " +
		"(cognito-idp:ListUserPoolClients, cognito-idp:DescribeUserPoolClient)"
	for name, c := range map[string]struct {
		change func(*poolWorld)
		want   string
	}{
		"C3-79 the list is not permitted":   {func(w *poolWorld) { w.refused("ListUserPoolClients", "AccessDeniedException") }, "access_denied: no ListUserPoolClients"},
		"C3-79 the client is not permitted": {func(w *poolWorld) { w.refused("DescribeUserPoolClient", "AccessDeniedException") }, "access_denied: no DescribeUserPoolClient"},
		"C3-79 the pool is down": {func(w *poolWorld) {
			if err := w.cloud.SetFault("cognito-idp", "*", localcloud.Fault{Outage: true}); err != nil {
				w.t.Fatal(err)
			}
		}, "service_unavailable"},
		"C3-79 the pool is not there": {func(w *poolWorld) { w.Pipeline = write(w.t, owning) }, "resource_not_found"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newPool(t, owning)
			for range 3 {
				w.client()
			}
			c.change(w)
			got := w.warnings()
			if len(got) != 1 || !strings.Contains(got[0], unchecked) || !strings.Contains(got[0], c.want) {
				t.Errorf("warnings: %q", got)
			}
		})
	}
	t.Run("C3-79 a client that is deleted between the list and the look at it is none", func(t *testing.T) {
		w := newPool(t, owning)
		w.client()
		w.refused("DescribeUserPoolClient", "ResourceNotFoundException")
		if got := w.warnings(); len(got) != 0 {
			t.Errorf("warnings: %q", got)
		}
	})
	t.Run("C3-79 nobody asks for a pipeline without attributes, or for any pool", func(t *testing.T) {
		for _, change := range []func(*poolWorld){
			func(w *poolWorld) {
				w.Pipeline = write(t, "version: 1\npools: ["+w.pool+"]\nsteps:\n  - id: hook\n    uses: http\n    with:\n      url: https://api.example.com/\n")
			},
			func(w *poolWorld) { w.Worker.AnyPool = true },
		} {
			w := newPool(t, owning)
			w.client()
			w.cloud.ResetCalls()
			change(w)
			if got := w.warnings(); len(got) != 0 || w.cloud.Calls()["cognito-idp.ListUserPoolClients"] != 0 {
				t.Errorf("%q, %v", got, w.cloud.Calls())
			}
		}
	})
}
