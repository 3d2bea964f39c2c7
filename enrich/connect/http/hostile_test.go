package httpstep_test

import (
	"context"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/connect"
	httpstep "github.com/postconfirm/postconfirm/enrich/connect/http"
	"github.com/postconfirm/postconfirm/enrich/enrichtest/pretend"
)

// hostile are vendors that hang, drip, bomb and lie.
func hostile() map[string]pretend.Answer {
	deep := strings.Repeat(`{"a":`, 100_000) + "1" + strings.Repeat("}", 100_000)
	return map[string]pretend.Answer{
		"hangs before the first byte":             pretend.Hang(),
		"resets before it has read":               pretend.ResetUnread(),
		"resets after it has read":                pretend.ResetRead(),
		"drips its headers":                       pretend.DripHeaders(time.Second),
		"drips its body":                          pretend.Drip(http.StatusOK, `{"company":"`+strings.Repeat("x", 10_000)+`"}`, time.Second),
		"answers after the deadline":              pretend.Delayed(time.Hour, pretend.JSON(http.StatusOK, company)),
		"never stops sending":                     pretend.Endless(),
		"sends a gzip bomb":                       pretend.GzipBomb(),
		"ends before the length it promised":      pretend.Truncated(company, 10),
		"sends ten megabytes of headers":          pretend.HugeHeaders(100, 100<<10),
		"sends ten thousand headers":              pretend.HugeHeaders(10_000, 100),
		"sends informational answers for ever":    pretend.Informational(),
		"speaks another protocol":                 pretend.Garbage("hello"),
		"upgrades to something else":              pretend.Raw("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n"),
		"redirects to the metadata service":       pretend.Redirect(http.StatusFound, "http://169.254.169.254/latest/meta-data/"),
		"redirects to a file":                     pretend.Redirect(http.StatusMovedPermanently, "file:///etc/passwd"),
		"redirects to itself":                     pretend.Redirect(http.StatusTemporaryRedirect, "/"),
		"says 200 and shows a login page":         pretend.Reply(http.StatusOK, http.Header{"Content-Type": {"text/html"}}, "<html>please log in</html>"),
		"nests a hundred thousand deep":           pretend.JSON(http.StatusOK, deep),
		"has a million keys":                      pretend.JSON(http.StatusOK, "{"+strings.Repeat(`"k":1,`, 150_000)+`"z":1}`),
		"has a number beyond all numbers":         pretend.JSON(http.StatusOK, `{"n":1e400}`),
		"has a string of a megabyte":              pretend.JSON(http.StatusOK, `{"s":"`+strings.Repeat("x", 1<<20)+`"}`),
		"asks to wait until the year 9999":        pretend.RetryAfter(http.StatusTooManyRequests, "Fri, 31 Dec 9999 23:59:59 GMT"),
		"answers with a status that is no status": pretend.Raw("HTTP/1.1 999 What\r\nContent-Length: 0\r\n\r\n"),
	}
}

// C6-122 to 124, 126 to 128, 130.
func TestAHostileVendorCostsNoMoreThanItsDeadlineAndABoundedMemory(t *testing.T) {
	const deadline, most = 10 * time.Second, 32 << 20
	if len(hostile()) < 22 {
		t.Fatalf("%d behaviours only", len(hostile()))
	}
	for name, answer := range hostile() {
		t.Run("a vendor that "+name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				vendor := pretend.New(answer)
				defer vendor.Close()
				client := connect.NewClient(&connect.Options{AllowLoopback: true, Dial: vendor.Dial})
				defer client.Close()
				c := httpstep.Kind(client).Config().(*httpstep.Config)
				c.URL, c.AllowHTTP = template(t, "http://vendor.example/find"), true
				step := made(t, c)

				var before, after runtime.MemStats
				runtime.ReadMemStats(&before)
				began := time.Now()
				ctx, cancel := context.WithTimeout(t.Context(), deadline)
				defer cancel()
				result, err := step.Run(ctx, enrich.Call{EffectKey: "k", Vars: vars()})
				runtime.ReadMemStats(&after)

				if took := time.Since(began); took > deadline*105/100 {
					t.Errorf("it took %v, the deadline was %v", took, deadline)
				}
				if grown := after.TotalAlloc - before.TotalAlloc; grown > most {
					t.Errorf("it took %d MiB of memory", grown>>20)
				}
				if err == nil {
					t.Fatalf("it was taken for an answer: %v", result["status"])
				}
				if f := enrich.Failure(err); f.RetryAfter > time.Hour || f.Code == "" || f.Code == "unclassified" {
					t.Errorf("failure %q, retry after %v", f.Code, f.RetryAfter)
				}
			})
		})
	}
}
