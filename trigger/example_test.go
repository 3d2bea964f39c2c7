package trigger_test

import (
	"context"
	"fmt"
	"io"

	"github.com/postconfirm/postconfirm/enrich/event"
	"github.com/postconfirm/postconfirm/trigger"
)

// printer is a Sender for people.
type printer struct{}

func (printer) Send(_ context.Context, body []byte, _ string) error {
	m, err := event.Decode(body)
	fmt.Println("sent:", m.Pool, m.User, m.Metadata)
	return err
}

func ExampleHandler_Invoke() {
	handler := trigger.New(printer{}, &trigger.Options{MetadataKeys: []string{"plan"}, Log: io.Discard})
	cognito := `{"triggerSource":"PostConfirmation_ConfirmSignUp","userPoolId":"eu-west-1_Ab12cd34E","userName":"ada",` +
		`"request":{"userAttributes":{"sub":"6f9c4f9e-0a1b-4c2d-8e3f-112233445566"},"clientMetadata":{"plan":"pro","x":"y"}},"response":{}}`
	back, err := handler.Invoke(context.Background(), []byte(cognito))
	fmt.Println("back:", string(back) == cognito, err)
	// Output:
	// sent: eu-west-1_Ab12cd34E ada map[plan:pro]
	// back: true <nil>
}
