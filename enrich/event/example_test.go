package event_test

import (
	"errors"
	"fmt"
	"time"

	"github.com/postconfirm/postconfirm/enrich/event"
)

func ExampleMessage_Encode() {
	m := event.Message{
		Pool: "eu-west-1_Ab12cd34E", Region: "eu-west-1",
		User: "Google_104", Sub: "6f9c4f9e-0a1b-4c2d-8e3f-112233445566",
		Generation: event.Onboarding, Source: event.SourceSignup,
		At:       time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
		Metadata: map[string]string{"city": "Zürich"},
	}
	fmt.Printf("%s\n", m.Encode())
	// Output:
	// {"v":1,"pool":"eu-west-1_Ab12cd34E","region":"eu-west-1","user":"Google_104","sub":"6f9c4f9e-0a1b-4c2d-8e3f-112233445566","generation":"0","source":"signup","at":"2026-01-02T03:04:05Z","metadata":{"city":"Z\u00fcrich"}}
}

func ExampleDecode() {
	for _, body := range []string{
		`{"v":1,"pool":"eu-west-1_Ab12cd34E","user":"ada","sub":"6f9c4f9e-0a1b-4c2d-8e3f-112233445566","trace":"1-678"}`,
		`{"v":1,"pool":"eu-west-1_Ab12cd34E","user":"ada"}`,
		`{"v":2,"who":"ada"}`,
	} {
		m, err := event.Decode([]byte(body))
		var refused *event.Error
		if errors.As(err, &refused) {
			fmt.Println("refused:", refused.Reason)
			continue
		}
		fmt.Println(m.User, m.Source, m.Key(), string(m.Unknown["trace"]))
	}
	// Output:
	// ada signup a52pp684obmd36t84i4is9v8ic "1-678"
	// refused: identity_missing
	// refused: version_unknown
}

func ExampleMembers() {
	for key, value := range event.Members([]byte(`{"userName": "ada", "USERNAME": "eve", "userName": null}`)) {
		fmt.Println(key, string(value))
	}
	// Output:
	// userName "ada"
	// USERNAME "eve"
	// userName null
}

func ExampleRunKey() {
	fmt.Println(event.RunKey("eu-west-1_Ab12cd34E", "6f9c4f9e-0a1b-4c2d-8e3f-112233445566", event.Onboarding))
	// Output: a52pp684obmd36t84i4is9v8ic
}
