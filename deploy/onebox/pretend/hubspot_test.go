package pretend_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/postconfirm/postconfirm/deploy/onebox/pretend"
)

const (
	upsertPath = "/crm/objects/2026-09/contacts/batch/upsert"
	readPath   = "/crm/v3/objects/contacts/batch/read"
	oneUpsert  = `{"inputs":[{"id":"Ann@Acme.example","idProperty":"email","properties":{"firstname":"Ann"}}]}`
	oneRead    = `{"idProperty":"email","inputs":[{"id":"ann@acme.example"}],"properties":[],"propertiesWithHistory":[]}`
)

// ask posts a body, and gives back status and answer.
func ask(t testing.TB, h http.Handler, path, body string, header http.Header) (int, map[string]any) {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, path, strings.NewReader(body))
	r.Header = header
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	var answer map[string]any
	_ = json.Unmarshal(w.Body.Bytes(), &answer)
	return w.Code, answer
}

func token(text string) http.Header {
	return http.Header{"Authorization": {"Bearer " + text}, "Content-Type": {"application/json"}}
}

func TestAContactIsMadeOnceAndThenChanged(t *testing.T) {
	h := &pretend.HubSpot{Token: "t"}
	for i, want := range []bool{true, false} {
		status, answer := ask(t, h, []string{upsertPath, "/crm/v3/objects/contacts/batch/upsert"}[i], oneUpsert, token("t"))
		first, _ := answer["results"].([]any)[0].(map[string]any)
		if status != http.StatusOK || first["id"] != "1001" || first["new"] != want {
			t.Errorf("%d: %d %v", i, status, answer)
		}
	}
	status, _ := ask(t, h, upsertPath, `{"inputs":[{"id":"ann@acme.example","idProperty":"email","properties":{"company":"Acme"}},{"id":"bob@acme.example","idProperty":"email","properties":{}}]}`, token("t"))
	want := []pretend.Contact{{ID: "1001", Email: "ann@acme.example", Properties: map[string]string{"firstname": "Ann", "company": "Acme"}, Writes: 3},
		{ID: "1002", Email: "bob@acme.example", Properties: map[string]string{}, Writes: 1}}
	if diff := cmp.Diff(want, h.Contacts()); diff != "" || status != http.StatusOK || h.Repeated() != 2 {
		t.Errorf("%d, %d repeated (-want +got):\n%s", status, h.Repeated(), diff)
	}
}

func TestAReadFindsWhatAnUpsertWrote(t *testing.T) {
	h := &pretend.HubSpot{Token: "t"}
	if status, answer := ask(t, h, readPath, oneRead, token("t")); status != http.StatusMultiStatus || answer["numErrors"] != 1.0 || len(answer["results"].([]any)) != 0 {
		t.Errorf("nobody: %d %v", status, answer)
	}
	ask(t, h, upsertPath, oneUpsert, token("t"))
	status, answer := ask(t, h, readPath, oneRead, token("t"))
	first, _ := answer["results"].([]any)[0].(map[string]any)
	if diff := cmp.Diff(map[string]any{"email": "ann@acme.example", "firstname": "Ann", "hs_object_id": "1001"}, first["properties"]); diff != "" || status != http.StatusOK {
		t.Errorf("%d (-want +got):\n%s", status, diff)
	}
}

func TestABatchWithAMistakeChangesNothing(t *testing.T) {
	plain := token("t")
	plain.Set("Content-Type", "text/plain")
	for _, c := range []struct {
		name, path, body string
		header           http.Header
		status           int
		category         string
	}{
		{"another token", upsertPath, oneUpsert, token("x"), 401, "INVALID_AUTHENTICATION"},
		{"no token", upsertPath, oneUpsert, http.Header{}, 401, "INVALID_AUTHENTICATION"},
		{"plain text", upsertPath, oneUpsert, plain, 400, "VALIDATION_ERROR"},
		{"no JSON", upsertPath, "{", token("t"), 400, "VALIDATION_ERROR"},
		{"no inputs", upsertPath, `{"inputs":[]}`, token("t"), 400, "VALIDATION_ERROR"},
		{"101 inputs", upsertPath, `{"inputs":[` + strings.Repeat(`{"id":"a@b.example","idProperty":"email","properties":{}},`, 100) + `{}]}`, token("t"), 400, "VALIDATION_ERROR"},
		{"another id", upsertPath, strings.Replace(oneUpsert, `"idProperty":"email"`, `"idProperty":"phone"`, 1), token("t"), 400, "VALIDATION_ERROR"},
		{"no properties", upsertPath, strings.Replace(oneUpsert, `{"firstname":"Ann"}`, `null`, 1), token("t"), 400, "VALIDATION_ERROR"},
		{"a number for a value", upsertPath, strings.Replace(oneUpsert, `"Ann"`, `1`, 1), token("t"), 400, "VALIDATION_ERROR"},
		{"a property that does not exist", upsertPath, strings.Replace(oneUpsert, `firstname`, `given_name`, 1), token("t"), 400, "VALIDATION_ERROR"},
		{"a key that is none", upsertPath, strings.Replace(oneUpsert, `"inputs"`, `"input"`, 1), token("t"), 400, "VALIDATION_ERROR"},
		{"an address that is none", upsertPath, strings.Replace(oneUpsert, `Ann@Acme.example`, `Ann`, 1), token("t"), 400, "VALIDATION_ERROR"},
		{"a second one with a mistake", upsertPath, strings.Replace(oneUpsert, `]}`, `,{"id":"x","idProperty":"email","properties":{}}]}`, 1), token("t"), 400, "VALIDATION_ERROR"},
		{"a read by another id", readPath, strings.Replace(oneRead, `"email"`, `"phone"`, 1), token("t"), 400, "VALIDATION_ERROR"},
		{"a read of nobody", readPath, `{"idProperty":"email","inputs":[]}`, token("t"), 400, "VALIDATION_ERROR"},
		{"another operation", "/crm/v3/objects/contacts/batch/archive", oneRead, token("t"), 404, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := &pretend.HubSpot{Token: "t"}
			status, answer := ask(t, h, c.path, c.body, c.header)
			if category, _ := answer["category"].(string); status != c.status || category != c.category {
				t.Errorf("%d %v", status, answer)
			}
			if got := h.Contacts(); len(got) != 0 {
				t.Errorf("%+v", got)
			}
		})
	}
}

// FuzzHubSpot: any body is refused or written, and only a batch that was taken changes anything.
func FuzzHubSpot(f *testing.F) {
	for _, seed := range []string{oneUpsert, oneRead, "{", "null", `{"inputs":[{"id":"a@b.c","idProperty":"email","properties":{}}]}`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		h := &pretend.HubSpot{Token: "t"}
		status, answer := ask(t, h, upsertPath, body, token("t"))
		results, _ := answer["results"].([]any)
		if status != http.StatusOK && status != http.StatusBadRequest {
			t.Errorf("status %d", status)
		}
		if written := len(h.Contacts()) > 0; written != (status == http.StatusOK) || written != (len(results) > 0) {
			t.Errorf("status %d, %d contacts, %d results", status, len(h.Contacts()), len(results))
		}
		if status, _ := ask(t, h, readPath, body, token("t")); status != http.StatusOK && status != http.StatusMultiStatus && status != http.StatusBadRequest {
			t.Errorf("read: status %d", status)
		}
	})
}
