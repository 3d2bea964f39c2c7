package connect_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/connect"
	"github.com/postconfirm/postconfirm/enrich/enrichtest/pretend"
)

func hour(*connect.Response) time.Duration { return time.Hour }

// remember puts an answer with a body of some size under a key.
func remember(t *testing.T, l *connect.Lookups, key connect.LookupKey, size int) {
	t.Helper()
	if _, err := l.Do(t.Context(), key, hour, func(context.Context) (*connect.Response, error) {
		return &connect.Response{Status: 200, Body: make([]byte, size), Header: http.Header{"X-Large": {strings.Repeat("a", 1000)}}}, nil
	}); err != nil {
		t.Fatal(err)
	}
}

func keys(t *testing.T, l *connect.Lookups, count int) (all []connect.LookupKey) {
	t.Helper()
	for i := range count {
		all = append(all, l.KeyOf(1, to(t, "GET", fmt.Sprintf("https://api.example.com/%d", i))))
	}
	return all
}

func TestLookupsAreBounded(t *testing.T) {
	t.Run("in number: the one that was not used goes", func(t *testing.T) {
		l := connect.NewLookups(&connect.LookupOptions{Entries: 3})
		k := keys(t, l, 4)
		for _, key := range k[:3] {
			remember(t, l, key, 1)
		}
		if l.Known(k[0]) == nil {
			t.Fatal("the first one is gone")
		}
		remember(t, l, k[3], 1)
		for i, want := range []bool{true, false, true, true} {
			if known := l.Known(k[i]) != nil; known != want {
				t.Errorf("%d: known %v", i, known)
			}
		}
	})
	t.Run("in bytes", func(t *testing.T) {
		l := connect.NewLookups(&connect.LookupOptions{Bytes: 10_000})
		k := keys(t, l, 100)
		for _, key := range k {
			remember(t, l, key, 1000)
		}
		known := 0
		for _, key := range k {
			if l.Known(key) != nil {
				known++
			}
		}
		if known != 6 {
			t.Errorf("%d answers of 1,512 bytes are in 10,000", known)
		}
		remember(t, l, k[99], 20_000)
		if r := l.Known(k[99]); r == nil || len(r.Body) != 1000 {
			t.Error("an answer that is too large drove one out")
		}
	})
	t.Run("and keep no headers but the type", func(t *testing.T) {
		l := connect.NewLookups(nil)
		k := keys(t, l, 1)[0]
		remember(t, l, k, 1)
		if r := l.Known(k); len(r.Header) != 0 {
			t.Errorf("got %v", r.Header)
		}
	})
}

func TestWhatNamesAQuestion(t *testing.T) {
	l := connect.NewLookups(nil)
	base := to(t, "GET", "https://api.example.com/a")
	base.Header = http.Header{"Authorization": {"a"}, "X": {"b", "c"}}
	change := func(f func(*connect.Request)) connect.LookupKey {
		r := base
		r.Header = base.Header.Clone()
		f(&r)
		return l.KeyOf(1, r)
	}
	seen := map[connect.LookupKey]string{l.KeyOf(1, base): "the question"}
	for name, key := range map[string]connect.LookupKey{
		"another space": l.KeyOf(2, base), "something more": l.KeyOf(1, base, "a"), "more of it": l.KeyOf(1, base, "a", ""),
		"another method":                  change(func(r *connect.Request) { r.Method = "HEAD" }),
		"another body":                    change(func(r *connect.Request) { r.Body = []byte("a") }),
		"another URL":                     change(func(r *connect.Request) { r.URL = to(t, "GET", "https://api.example.com/a?").URL }),
		"another header":                  change(func(r *connect.Request) { r.Header.Set("Authorization", "b") }),
		"values that are split otherwise": change(func(r *connect.Request) { r.Header["X"] = []string{"bc"} }),
		"one header less":                 change(func(r *connect.Request) { r.Header.Del("X") }),
	} {
		if other, taken := seen[key]; taken {
			t.Errorf("%s is the same as %s", name, other)
		}
		seen[key] = name
	}
	if one, two := l.Space(), l.Space(); l.KeyOf(1, base) != change(func(*connect.Request) {}) || one == two {
		t.Error("the same question has two names, or two steps have one space")
	}
}

func TestOneAsksForAll(t *testing.T) {
	do := func(ctx context.Context, client *connect.Client, l *connect.Lookups) (*connect.Response, error) {
		return l.Do(ctx, keys(t, l, 1)[0], hour, func(ctx context.Context) (*connect.Response, error) {
			return client.Do(ctx, to(t, "GET", "http://api.example.com/"))
		})
	}
	t.Run("when he fails the next one asks", func(t *testing.T) {
		script := script(pretend.Delayed(time.Second, pretend.ResetRead()), pretend.Delayed(time.Second, pretend.JSON(200, "{}")))
		inMemory(t, connect.Options{}, script, func(t *testing.T, v *pretend.Vendor, client *connect.Client) {
			l := connect.NewLookups(nil)
			var calls sync.WaitGroup
			failures := make(chan error, 16)
			for range 16 {
				calls.Go(func() {
					if _, err := do(t.Context(), client, l); err != nil {
						failures <- err
					}
				})
			}
			calls.Wait()
			if len(failures) != 1 || len(v.Seen()) != 2 {
				t.Errorf("%d of 16 failed, with %d requests", len(failures), len(v.Seen()))
			}
		})
	})
	t.Run("and who can't wait leaves", func(t *testing.T) {
		inMemory(t, connect.Options{}, script(pretend.Hang()), func(t *testing.T, v *pretend.Vendor, client *connect.Client) {
			l := connect.NewLookups(nil)
			var calls sync.WaitGroup
			calls.Go(func() {
				if _, err := do(t.Context(), client, l); err == nil {
					t.Error("a silent vendor answered")
				}
			})
			synctest.Wait()
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			began := time.Now()
			_, err := do(ctx, client, l)
			if e := failure(t, err); e.Code != connect.CodeTimeout || e.Kind != enrich.Temporary || e.Sent || time.Since(began) != time.Second {
				t.Errorf("got %+v after %v", e, time.Since(began))
			}
			calls.Wait()
		})
	})
}
