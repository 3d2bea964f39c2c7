package enrich_test

import (
	"bytes"
	"encoding/gob"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"strings"
	"testing"

	"github.com/postconfirm/postconfirm/enrich"
)

const canary = "canary-5e1f"

// holder keeps secrets the way a connector does, in fields that fmt can't call methods on.
type holder struct {
	Public  enrich.Secret
	private enrich.Secret
	deep    struct{ list []enrich.Secret }
	byName  map[string]enrich.Secret
	pointer *enrich.Secret
}

type open struct{ Token enrich.Secret }

func held() holder {
	secret := enrich.NewSecret(canary)
	h := holder{Public: secret, private: secret, byName: map[string]enrich.Secret{"k": secret}, pointer: &secret}
	h.deep.list = []enrich.Secret{secret}
	return h
}

func TestNoVerbPrintsASecret(t *testing.T) {
	secret := enrich.NewSecret(canary)
	values := map[string]any{"secret": secret, "pointer": &secret, "list": []enrich.Secret{secret},
		"map": map[string]enrich.Secret{"k": secret}, "struct": held(), "pointer to struct": ptr(held()),
		"any": []any{secret, held()}, "error": fmt.Errorf("no: %v", secret)}
	for name, value := range values {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "% x", "%d", "%t", "%c", "%U", "%e", "%b", "%o", "%10s", "%.3s", "%T"} {
			t.Run(name+" as "+verb, func(t *testing.T) {
				checkHidden(t, fmt.Sprintf(verb, value))
			})
		}
	}
	if got := fmt.Sprintf("%v %s %#v %x", secret, secret, secret, secret); got != strings.Repeat(enrich.Hidden+" ", 3)+enrich.Hidden {
		t.Errorf("got %s", got)
	}
}

func TestNoEncoderWritesASecret(t *testing.T) {
	secret := enrich.NewSecret(canary)
	for name, encode := range map[string]func(any) ([]byte, error){
		"JSON": json.Marshal,
		"XML":  xml.Marshal,
		"gob": func(v any) ([]byte, error) {
			var b bytes.Buffer
			err := gob.NewEncoder(&b).Encode(v)
			return b.Bytes(), err
		},
	} {
		for what, value := range map[string]any{"alone": secret, "in a struct": open{secret}} {
			t.Run(name+" "+what, func(t *testing.T) {
				out, err := encode(value)
				if refuses := name == "gob"; (err != nil) != refuses {
					t.Fatal(err)
				}
				checkHidden(t, string(out)+fmt.Sprint(err))
			})
		}
	}
	keys, err := json.Marshal(map[enrich.Secret]int{secret: 1})
	if err != nil || string(keys) != `{"[hidden]":1}` {
		t.Errorf("as a key: %s, %v", keys, err)
	}
}

func TestNoLoggerWritesASecret(t *testing.T) {
	secret := enrich.NewSecret(canary)
	var b bytes.Buffer
	for name, handler := range map[string]slog.Handler{
		"text": slog.NewTextHandler(&b, nil), "JSON": slog.NewJSONHandler(&b, nil)} {
		t.Run("slog "+name, func(t *testing.T) {
			b.Reset()
			slog.New(handler).With("with", secret).Info("x", "secret", secret, "pointer", &secret, "struct", held(),
				"list", []enrich.Secret{secret}, slog.Group("g", "secret", secret), "error", errors.Join(fmt.Errorf("%v", secret)))
			checkHidden(t, b.String())
		})
	}
	t.Run("log", func(t *testing.T) {
		b.Reset()
		log.New(&b, "", 0).Println(secret, held())
		checkHidden(t, b.String())
	})
}

func TestRevealGivesTheValueBack(t *testing.T) {
	if got := enrich.NewSecret(canary).Reveal(); got != canary {
		t.Errorf("got %q", got)
	}
	var zero enrich.Secret
	if zero.Reveal() != "" || zero.String() != enrich.Hidden {
		t.Errorf("zero: %q, %s", zero.Reveal(), zero)
	}
}

func checkHidden(t *testing.T, out string) {
	t.Helper()
	for _, form := range []string{canary, fmt.Sprintf("%x", canary), fmt.Sprintf("%X", canary), fmt.Sprintf("% x", canary),
		strings.Trim(fmt.Sprint([]byte(canary)), "[]")} {
		if strings.Contains(out, form) {
			t.Errorf("it shows: %s", out)
		}
	}
}

func ptr[T any](v T) *T { return &v }
