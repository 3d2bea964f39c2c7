package connect_test

import (
	"context"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/postconfirm/postconfirm/enrich/connect"
	"github.com/postconfirm/postconfirm/enrich/enrichtest/pretend"
)

func TestAFailureSaysWhetherTheRequestLeft(t *testing.T) {
	for _, test := range []struct {
		name   string
		answer pretend.Answer
		down   bool
		code   string
		sent   bool
	}{
		{"no connection: it stayed", pretend.JSON(200, ""), true, connect.CodeConnect, false},
		{"closed before a byte was read: it stayed", pretend.ResetUnread(), false, connect.CodeReset, false},
		{"closed after it was read: it left", pretend.ResetRead(), false, connect.CodeReset, true},
		{"silence: it left", pretend.Hang(), false, connect.CodeTimeout, true},
		{"half an answer: it left", pretend.Truncated("{", 9), false, connect.CodeBodyTruncated, true},
	} {
		for _, alone := range []bool{false, true} {
			t.Run(test.name, func(t *testing.T) {
				inMemory(t, connect.Options{}, script(test.answer), func(t *testing.T, vendor *pretend.Vendor, client *connect.Client) {
					vendor.Down(test.down)
					request := to(t, "POST", "http://api.example.com/")
					request.Body, request.Alone = []byte("{}"), alone
					_, err := client.Do(t.Context(), request)
					if e := failure(t, err); e.Code != test.code || e.Sent != test.sent || e.Refused {
						t.Errorf("got %+v, want %s, sent %v", e, test.code, test.sent)
					}
				})
			})
		}
	}
}

func TestAKeptConnectionThatIsKnownDeadSentNothing(t *testing.T) {
	inMemory(t, connect.Options{}, script(pretend.JSON(200, "{}")), func(t *testing.T, vendor *pretend.Vendor, client *connect.Client) {
		request := to(t, "POST", "http://api.example.com/")
		request.Body = []byte("{}")
		if _, err := client.Do(t.Context(), request); err != nil {
			t.Fatal(err)
		}
		vendor.Down(true)
		_, err := client.Do(t.Context(), request)
		if e := failure(t, err); e.Sent {
			t.Errorf("got %+v", e)
		}
		vendor.Down(false)
		synctest.Wait()
		if _, err := client.Do(t.Context(), request); err != nil {
			t.Errorf("after the vendor came back: %v", err)
		}
	})
}

func TestASlowConnectionSentNothing(t *testing.T) {
	for _, test := range []struct{ timeout, within time.Duration }{{5 * time.Second, 5 * time.Second}, {time.Minute, 10 * time.Second}} {
		synctest.Test(t, func(t *testing.T) {
			ended := false
			never := func(ctx context.Context, _, _ string) (net.Conn, error) {
				<-ctx.Done()
				ended = true
				return nil, ctx.Err()
			}
			client := connect.NewClient(&connect.Options{Dial: never, Timeout: test.timeout})
			began := time.Now()
			_, err := client.Do(t.Context(), to(t, "GET", "http://api.example.com/"))
			if e := failure(t, err); e.Code != connect.CodeTimeout || e.Sent || time.Since(began) != test.within {
				t.Errorf("got %+v after %v", e, time.Since(began))
			}
			<-time.After(10 * time.Second)
			synctest.Wait()
			if !ended {
				t.Error("the connection is still being made")
			}
		})
	}
}

func TestAReadThatNetHTTPRepeatedWasSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		vendor := pretend.New(pretend.JSON(200, "{}"), pretend.ResetRead())
		defer vendor.Close()
		dialed := 0
		once := func(ctx context.Context, network, address string) (net.Conn, error) {
			if dialed++; dialed > 1 {
				vendor.Down(true)
			}
			return vendor.Dial(ctx, network, address)
		}
		client := connect.NewClient(&connect.Options{Dial: once})
		defer client.Close()
		if _, err := client.Do(t.Context(), to(t, "GET", "http://api.example.com/")); err != nil {
			t.Fatal(err)
		}
		_, err := client.Do(t.Context(), to(t, "GET", "http://api.example.com/"))
		if e := failure(t, err); e.Code != connect.CodeConnect || !e.Sent || dialed != 2 {
			t.Errorf("after %d connections: got %+v, want no connection, but sent", dialed, e)
		}
	})
}

func TestTheFirstOfTwoTriesCounts(t *testing.T) {
	inMemory(t, connect.Options{}, script(pretend.JSON(200, "{}"), pretend.ResetRead(), pretend.ResetUnread()),
		func(t *testing.T, vendor *pretend.Vendor, client *connect.Client) {
			if _, err := client.Do(t.Context(), to(t, "GET", "http://api.example.com/")); err != nil {
				t.Fatal(err)
			}
			_, err := client.Do(t.Context(), to(t, "GET", "http://api.example.com/"))
			if e := failure(t, err); !e.Sent || len(vendor.Dialed()) != 2 {
				t.Errorf("after %d connections: got %+v, want it sent: the kept one carried it", len(vendor.Dialed()), e)
			}
		})
}

func TestOverSocketsAResetIsKnown(t *testing.T) {
	vendor := pretend.New(pretend.ResetRead())
	defer vendor.Close()
	base, err := vendor.Listen()
	if err != nil {
		t.Fatal(err)
	}
	client := connect.NewClient(&connect.Options{AllowLoopback: true})
	defer client.Close()
	request := to(t, "POST", base)
	request.Body = []byte("{}")
	_, err = client.Do(t.Context(), request)
	if e := failure(t, err); e.Code != connect.CodeReset || !e.Unknown() {
		t.Errorf("got %+v", e)
	}
	vendor.Close()
	_, err = client.Do(t.Context(), request)
	if e := failure(t, err); e.Code != connect.CodeConnect || e.Sent {
		t.Errorf("with the port closed: got %+v", e)
	}
}
